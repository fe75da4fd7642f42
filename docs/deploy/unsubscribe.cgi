#!/bin/sh
# What stands behind `unsubscribe_url`. GET only shows a button, since programs that look into mails follow each link;
# POST, which a mail program's own button sends too (RFC 8058), unsubscribes. It must run as the user of Pricefall.
token=$(printf %s "$QUERY_STRING" | sed -n 's/^\(.*&\)\{0,1\}t=\([A-Za-z0-9_-]\{1,100\}\).*$/\2/p')
answer() { printf 'Status: %s\r\nContent-Type: text/html; charset=utf-8\r\nReferrer-Policy: no-referrer\r\n\r\n%s\n' "$1" "$2"; }
if [ -z "$token" ]; then
  answer "400 Bad Request" "<p>This link is not whole. Use the one at the end of a message."
elif [ "$REQUEST_METHOD" != POST ]; then
  answer "200 OK" "<form method=post action=\"?t=$token\"><button>Unsubscribe</button></form>"
elif /opt/pricefall/bin/pricefall --config /etc/pricefall/pricefall.toml subscribers unsubscribe -- "$token" >/dev/null 2>&1; then
  answer "200 OK" "<p>You are unsubscribed; no further message is sent to you."
else
  answer "400 Bad Request" "<p>This link is nobody's. Use the one at the end of a message, or write to its sender."
fi
