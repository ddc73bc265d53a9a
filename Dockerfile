# One static binary in an empty image; hack/image.sh builds the binary and names it.
FROM scratch
ARG NAME
COPY dist/${NAME} /app
USER 65532:65532
ENTRYPOINT ["/app"]
