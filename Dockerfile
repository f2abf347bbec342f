# Two stages: the first has the build tools, the second only what runs.
FROM python:3.13-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update \
 && apt-get install -y --no-install-recommends nodejs=18.* npm=9.* \
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv==0.9.*
WORKDIR /src
COPY . .
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/app REQUIRE_ASSETS=1
RUN uv sync --frozen --no-dev --group bundled --no-editable

FROM python:3.13-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg=7:5.* tini=0.19.* \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home regie \
 && install -d -o regie -g regie /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH REGIE_DATA_DIR=/data REGIE_HOST=0.0.0.0 REGIE_LOG_JSON=1
USER regie
VOLUME /data
EXPOSE 8480
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8480/health', timeout=3)"]
# yt-dlp and ffmpeg leave orphans; an init reaps them.
ENTRYPOINT ["tini", "--"]
CMD ["regie", "run"]
