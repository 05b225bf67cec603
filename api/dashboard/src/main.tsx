import { render } from "preact";
import { App } from "./App";
import { startRouter } from "./router";
import { startTheme } from "./theme";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/list.css";
import "./styles/form.css";
import "./styles/inquiry.css";
import "./styles/search.css";
import "./styles/charts.css";
import "./styles/diagram.css";

startTheme();
startRouter();
render(<App />, document.getElementById("app")!);
