# syntax=docker/dockerfile:1
# Three images of one wheel: `api` without torch and Ray, `worker` with both, `agent` only measures latencies.
#
#   docker build --target worker -t nas-worker .
#   docker build --target worker --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 -t nas-worker .

ARG PYTHON=3.11-slim-bookworm
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS dashboard
WORKDIR /src/api/dashboard
COPY api/dashboard/package.json api/dashboard/package-lock.json api/dashboard/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY api/dashboard ./
RUN npm run build

FROM python:${PYTHON} AS build
# For the native library; without a compiler nas installs too, and is slower. The image's own release pins the versions.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml README.md LICENSE CMakeLists.txt ./
COPY docker/requirements.py docker/
RUN for target in api worker agent; do python docker/requirements.py "$target" > "/$target.txt" || exit 1; done
COPY nas nas
COPY latency_db latency_db
COPY workers workers
COPY api api
COPY --from=dashboard /src/api/dashboard/dist api/dashboard/dist
COPY --from=dashboard /src/nas/report/figures nas/report/figures
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:${PYTHON} AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/opt/nas/bin:$PATH \
    HOME=/var/lib/nas NAS_HOME=/var/lib/nas NAS_DATA_DIR=/var/lib/nas/datasets
RUN groupadd --gid 10001 nas \
    && useradd --uid 10001 --gid nas --no-create-home --home-dir /var/lib/nas --shell /usr/sbin/nologin nas \
    && install --directory --owner=nas --group=nas --mode=0750 /var/lib/nas \
    && python -m venv /opt/nas
WORKDIR /var/lib/nas

FROM base AS agent
COPY --from=build /agent.txt /tmp/
RUN pip install --no-cache-dir --requirement /tmp/agent.txt
COPY --from=build /wheel /tmp/wheel
RUN pip install --no-cache-dir --no-deps /tmp/wheel/*.whl
USER 10001:10001
VOLUME /var/lib/nas
# It runs one command and ends: its exit code says how it went.
HEALTHCHECK NONE
CMD ["nas", "device", "measure", "local-cpu-1t", "--space", "small"]

FROM base AS api
COPY --from=build /api.txt /tmp/
RUN pip install --no-cache-dir --requirement /tmp/api.txt
COPY --from=build /wheel /tmp/wheel
RUN pip install --no-cache-dir --no-deps /tmp/wheel/*.whl
USER 10001:10001
VOLUME /var/lib/nas
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["nas", "serve", "--no-worker", "--host", "0.0.0.0"]

FROM base AS worker
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV RAY_USAGE_STATS_ENABLED=0
COPY --from=build /worker.txt /tmp/
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" --requirement /tmp/worker.txt
COPY --from=build /wheel /tmp/wheel
RUN pip install --no-cache-dir --no-deps /tmp/wheel/*.whl
COPY --chmod=0555 docker/dispatcher.sh /usr/local/bin/nas-dispatcher
USER 10001:10001
VOLUME /var/lib/nas
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s \
    CMD ["sh", "-c", "ray health-check --address \"${RAY_ADDRESS:-127.0.0.1:6379}\""]
CMD ["nas", "worker"]
