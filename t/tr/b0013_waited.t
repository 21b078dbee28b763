# who waits for a key was let in: what refuses others is not asked again
only almandined
server a --save "3600 1" --enable-protected-configs yes
client c a
client w a
c> RPUSH x 1
1
w>> BLMOVE l m LEFT LEFT 0
until 5s c> INFO clients = /blocked_clients:1\r/
c> CONFIG SET maxmemory 1
OK
c> SET y 1
-/^OOM /
c> RENAME x l
OK
w< "1"
c> CONFIG SET maxmemory 0
OK

run mkdir $a_dir/full
c> CONFIG SET dbfilename full
OK
w>> BLPOP q 0
until 5s c> INFO clients = /blocked_clients:1\r/
c> SHUTDOWN
-/^ERR Errors trying to SHUTDOWN/
c> SET y 1
-/^MISCONF /
c> SHUTDOWN
-/^ERR Errors trying to SHUTDOWN/
w silent 50ms
c> CONFIG SET stop-writes-on-bgsave-error no
OK
c> RPUSH q 1
1
w< ["q", "1"]
c> CONFIG SET save ""
OK
