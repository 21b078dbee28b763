# control dies: serving goes on, another answers questions to it
only almandined
server a --workers 2
client c a
c> SET k v
OK
c> CONFIG SET slowlog-max-len 77
OK
kill control of a
c> GET k
"v"
c> SET k w
OK
respawned control of a
until 5s c> CONFIG SET slowlog-max-len 78 = OK
c> CONFIG GET slowlog-max-len
["slowlog-max-len", "78"]
c> GET k
"w"
