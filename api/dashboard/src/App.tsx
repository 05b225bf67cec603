import { useEffect, useState } from "preact/hooks";
import { asProblem, locked, type Problem } from "./api";
import { Shell } from "./components/Shell";
import { Boundary, Failure, Loading } from "./components/states";
import { DataPage } from "./pages/DataPage";
import { DevicesPage } from "./pages/DevicesPage";
import { KeysPage } from "./pages/KeysPage";
import { LoginPage } from "./pages/LoginPage";
import { NewSearchPage } from "./pages/NewSearchPage";
import { NotFoundPage } from "./pages/NotFoundPage";
import { SearchesPage } from "./pages/SearchesPage";
import { SearchPage } from "./pages/SearchPage";
import { path } from "./router";
import { openSession, session } from "./store/session";

function Page() {
  if (path.value === "/") return <SearchesPage />;
  if (path.value === "/new") return <NewSearchPage />;
  if (path.value === "/data") return <DataPage />;
  if (path.value === "/devices") return <DevicesPage />;
  if (path.value === "/keys") return <KeysPage />;
  const id = /^\/searches\/([^/]+)\/?$/.exec(path.value)?.[1];
  return id ? <SearchPage key={id} id={decodeURIComponent(id)} /> : <NotFoundPage />;
}

export function App() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const begin = () => {
    setProblem(null);
    openSession().catch((error: unknown) => setProblem(asProblem(error)));
  };
  useEffect(begin, []);
  return (
    <Shell>
      {problem ? (
        <Failure problem={problem} again={begin} />
      ) : locked.value ? (
        <LoginPage />
      ) : !session.value ? (
        <Loading what="the page" />
      ) : (
        <Boundary key={path.value}>
          <Page />
        </Boundary>
      )}
    </Shell>
  );
}
