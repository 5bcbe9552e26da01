#!/bin/sh
# Answers "/": a greeting with the task's host name, and what was mounted.
greeting=${GREETING:-Hello}
if [ -r "$GREETING_FILE" ]; then greeting=$(cat "$GREETING_FILE"); fi

printf 'Content-Type: text/plain\r\n\r\n'
printf '%s from %s\n' "$greeting" "$(hostname)"
if [ -r "$TOKEN_FILE" ]; then printf 'token: %s bytes\n' "$(wc -c <"$TOKEN_FILE")"; fi
if [ -n "$DATA_DIR" ] && [ -w "$DATA_DIR" ]; then
  echo x >>"$DATA_DIR/visits"
  printf 'visits: %s\n' "$(wc -l <"$DATA_DIR/visits")"
fi
