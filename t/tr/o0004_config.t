# CONFIG: what is set is seen by all workers, rewritten into the file, kept
only almandined
file a.conf
| # my node
| slowlog-max-len = 10
server a $dir/a.conf --workers 2
client c a
client d a
c> CONFIG GET slowlog-max-len
["slowlog-max-len", "10"]
c> CONFIG SET slowlog-max-len 20 hash-max-listpack-entries 7
OK
d> CONFIG GET slowlog-max-len hash-max-listpack-entries
pairs ["slowlog-max-len", "20", "hash-max-listpack-entries", "7"]
c> CONFIG GET hash-max-ziplist-entries
["hash-max-ziplist-entries", "7"]
c> CONFIG SET port 7
-ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config
c> CONFIG SET dbfilename nodes.conf
-ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config
c> CONFIG SET enable-protected-configs yes
-ERR CONFIG SET failed (possibly related to argument 'enable-protected-configs') - can't set immutable config
c> CONFIG SET nonsense 7
-ERR Unknown option or number of arguments for CONFIG SET - 'nonsense'
# all or nothing
c> CONFIG SET slowlog-max-len 30 maxmemory x
-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value
c> CONFIG GET slowlog-max-len
["slowlog-max-len", "20"]
c> CONFIG REWRITE
OK
run cat $dir/a.conf | head -2
| # my node
| slowlog-max-len = 20
run grep hash-max-listpack-entries $dir/a.conf
| hash-max-listpack-entries = 7
stop a
start a
client c a
c> CONFIG GET slowlog-max-len hash-max-listpack-entries
pairs ["slowlog-max-len", "20", "hash-max-listpack-entries", "7"]
# a new worker knows it too
c> CONFIG SET slowlog-max-len 21
OK
kill worker 0 of a
respawned worker 0 of a
kill worker 1 of a
respawned worker 1 of a
until 5s c> CONFIG GET slowlog-max-len = ["slowlog-max-len", "21"]

# protected options: for whom enable-protected-configs names
server b --enable-protected-configs local
client e b
e> CONFIG SET dbfilename other.rdb
OK
e> CONFIG GET dbfilename
["dbfilename", "other.rdb"]
# a relative dir is told whole
run mkdir $dir/below
server f --dir $dir/./below/../below
client g f
g> CONFIG GET dir
["dir", /^\/.*[^.]\/below$/]
# a limit that is never reached is told about, once for each value
server h --maxmemory 100mb --shm-size 64mb
log h /# maxmemory is 104857600 bytes, but there is a heap of 67108864 only/
client i h
i> CONFIG SET maxmemory 64mb
OK
i> CONFIG SET maxmemory 200mb
OK
i> CONFIG SET maxmemory 200mb hz 20
OK
log h /# maxmemory is 209715200 bytes, but there is a heap of 67108864 only/ 2s
run grep -c "heap of 67108864 only" $dir/h.log
| 2
