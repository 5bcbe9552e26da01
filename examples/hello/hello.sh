#!/bin/sh
# Process 1 of the hello image: runs the web server, and stops at once when told to.
# A process 1 that handles no SIGTERM would be killed only after the whole grace period.
port=${PORT:-8080}

httpd -f -p "$port" -h /www &
server=$!

stop() {
  echo "hello: stopping"
  kill "$server" 2>/dev/null
  exit 0
}
trap stop TERM INT QUIT

echo "hello: listening on port $port as $(hostname)"
wait "$server"
status=$?
echo "hello: the web server ended with $status"
exit "$status"
