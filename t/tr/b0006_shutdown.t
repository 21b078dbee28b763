# words that SHUTDOWN does not know do not end the node
server a
client c a
c> SHUTDOWN LATER
-ERR syntax error
c> SHUTDOWN SAVE NOSAVE
-ERR syntax error
c> SHUTDOWN ABORT NOW
-ERR syntax error
c> SHUTDOWN ABORT
-ERR No shutdown in progress.
c> PING
PONG
