# The Workers of temporal-finetune on Debian, as an ordinary user. Build from a clone: docker build -t temporal-finetune .
# The same image runs everything: `worker`, `worker --only training`, `start`, `schedule`, …
FROM node:20-bookworm-slim AS package
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm pack --ignore-scripts --pack-destination /

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=package /temporal-finetune-*.tgz ./
# Install scripts would download GPU libraries that nothing here needs.
RUN npm init --yes >/dev/null \
  && npm install --ignore-scripts --omit=dev --no-audit --no-fund ./temporal-finetune-*.tgz \
    @temporalio/activity@^1.24 @temporalio/client@^1.24 @temporalio/common@^1.24 @temporalio/worker@^1.24 @temporalio/workflow@^1.24 \
  && rm -rf ./temporal-finetune-*.tgz ~/.npm \
  && mkdir -p /data /store && chown node:node /data /store && chmod 700 /store
USER node
WORKDIR /data
VOLUME ["/data", "/store"]
# Signals reach the Worker itself, which lets the trainer save: give a container at least 30 s to stop.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/node_modules/temporal-finetune/dist/src/cli/main.js"]
CMD ["worker", "--store", "/store", "--data", "/data"]
