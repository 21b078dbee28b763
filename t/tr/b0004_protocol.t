# requests as bytes: inline ones, pieces, pipelines, what is malformed
server a
client c a
c raw "SET k v\r\nGET k\r\n"
c gets "+OK\r\n$1\r\nv\r\n"
c raw "GET k\nGET 'k'\nGET \"\\x6b\"\r\n"
c gets "$1\r\nv\r\n$1\r\nv\r\n$1\r\nv\r\n"
c raw "\r\n\r\nPING\r\n"
c gets "+PONG\r\n"
c raw "*0\r\n*-1\r\nPING\r\n"
c gets "+PONG\r\n"
c raw "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
c gets "+OK\r\n$0\r\n\r\n"
# a request in pieces, cut where it hurts
c raw "*2\r"
c raw "\n$"
c raw "3\r\nGE"
c raw "T\r\n$1\r\nk"
c raw "\r"
c raw "\n"
c gets "$0\r\n\r\n"
# an error does not stop what is behind it
c raw "GET\r\nPING\r\n"
c gets "-ERR wrong number of arguments for 'get' command\r\n+PONG\r\n"

# what ends the connection
client c a
c raw "*a\r\n"
c gets "-ERR Protocol error: invalid multibulk length\r\n"
c closed
client c a
c raw "*1048577000000\r\n"
c gets "-ERR Protocol error: invalid multibulk length\r\n"
c closed
client c a
c raw "*2\r\n$3\r\nGET\r\nx1\r\nk\r\n"
c gets "-ERR Protocol error: expected '$', got 'x'\r\n"
c closed
client c a
c raw "*1\r\n$536870913\r\n"
c gets "-ERR Protocol error: invalid bulk length\r\n"
c closed
client c a
c raw "*1\r\n$-1\r\n"
c gets "-ERR Protocol error: invalid bulk length\r\n"
c closed
client c a
c raw "SET k \"no end\r\n"
c gets "-ERR Protocol error: unbalanced quotes in request\r\n"
c closed
# replies to what came before are sent first
client c a
c raw "PING\r\n*1\r\n$x\r\n"
c gets "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n"
c closed
client c a
c raw <x*70000>
c gets "-ERR Protocol error: too big inline request\r\n"
c closed
client c a
c> nosuch a b
-"ERR unknown command 'nosuch', with args beginning with: 'a' 'b' "
c> QUIT
OK
c closed
# a large argument
client c a
c> SET big <0123456789*100000>
OK
c> STRLEN big
1000000
c> GETRANGE big 999990 -1
"0123456789"
c> HELLO 4
-NOPROTO unsupported protocol version
c> HELLO 3 SETNAME me
{"server": "redis", "version": /./, "proto": 3, "id": ?, "mode": "standalone",
 "role": "master", "modules": []}
c> CLIENT GETNAME
"me"
c> RESET
RESET
c> GET none
nil
c> COMMAND INFO nosuch
[nil]
