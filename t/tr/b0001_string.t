# a value comes back as it was stored
server a
client c a
c> SET k v
OK
c> GET k
"v"
c> GET missing
nil
c> SET k "two words\x00\r\n"
OK
c> GET k
"two words\x00\r\n"
c> SET k
-ERR wrong number of arguments for 'set' command
c> STRLEN k
12
c> DEL k missing
1
