# the append-only file's commands and options, in redis-server's words
server a --workers 2
client c a
c> CONFIG GET append*
unordered ["appendonly", "no", "appendfsync", "everysec",
 "appendfilename", "appendonly.aof", "appenddirname", "appendonlydir"]
c> CONFIG GET auto-aof-rewrite-*
unordered ["auto-aof-rewrite-percentage", "100",
 "auto-aof-rewrite-min-size", "67108864"]
c> CONFIG SET appendfilename x
-ERR CONFIG SET failed (possibly related to argument 'appendfilename') - can't set immutable config
c> CONFIG SET appenddirname x
-ERR CONFIG SET failed (possibly related to argument 'appenddirname') - can't set immutable config
c> CONFIG SET appendfsync sometimes
-/^ERR CONFIG SET failed \(possibly related to argument 'appendfsync'\) - argument/
c> CONFIG SET appendonly maybe
-/^ERR CONFIG SET failed \(possibly related to argument 'appendonly'\) - argument/
c> BGREWRITEAOF now
-ERR wrong number of arguments for 'bgrewriteaof' command
c> SET k v
OK
c> CONFIG SET appendonly yes
OK
c> CONFIG GET appendonly
["appendonly", "yes"]
until 10s c> BGREWRITEAOF = +Background append only file rewriting started
