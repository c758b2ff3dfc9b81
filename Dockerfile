# The web server; the worker is the same image with the command "worker".
FROM python:3.12-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/jiaban
COPY Makefile requirements.txt ./
RUN make product

FROM node:24-slim AS scripts
WORKDIR /srv/jiaban
COPY package.json package-lock.json .npmrc ./
RUN npm ci

FROM python:3.12-slim
RUN useradd --system --home-dir /srv/jiaban --shell /usr/sbin/nologin jiaban
WORKDIR /srv/jiaban
COPY --from=build /srv/jiaban/.venv .venv
COPY --from=scripts /srv/jiaban/node_modules node_modules
COPY config config
COPY wechat wechat
COPY media media
COPY app app
COPY miniapp_api miniapp_api
# What is compiled is compiled once for all processes, which may write nothing here: each would start half a second later.
RUN .venv/bin/python -m app.cli dev make-pinyin && .venv/bin/python -m compileall -q config wechat media app miniapp_api \
    && install --directory --owner=jiaban var
ENV PATH=/srv/jiaban/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 JIABAN_HOST=0.0.0.0 JIABAN_PORT=8810
USER jiaban
EXPOSE 8810
VOLUME /srv/jiaban/var
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8810/health/ready', timeout=4)"]
ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["web"]
