# the command line and the configuration file: what is taken, what is refused
only almandined
limit 60s
run almandined --version
| /^almandined \d/
run almandined --help
| almandined [FILE] [--NAME VALUE ...]
| ...
run almandined --check --port 7000 -w 3 | grep -E '^(port|workers) '
| port = 7000
| workers = 3
file x.conf
| ; a comment
| # another
| [network]
| port = 7000
| bind = 127.0.0.1
| [memory]
| maxmemory = 10mb
| requirepass = " two words "
run almandined $dir/x.conf --check | grep -E '^(port|bind|maxmemory) '
| bind = 127.0.0.1
| port = 7000
| maxmemory = 10485760
run almandined --check $dir/x.conf | grep ^port
| port = 7000
# the command line counts more
run almandined $dir/x.conf --port 7001 --check | grep ^port
| port = 7001
# a limit that is never reached is told about, and is no error
run almandined --check --maxmemory 100mb --shm-size 64mb | grep maxmemory | head -1
| ; maxmemory is 104857600 bytes, but there is a heap of 67108864 only (shm-size): commands that need memory are refused when that is full
run! almandined --check --maxmemory 64mb --shm-size 64mb | grep heap
# a password is not shown
run! almandined $dir/x.conf --check | grep words

# one sentence each, and exit code 1
run! almandined --nonsense 1
| almandined: there is no option --nonsense (--help lists all)
run! almandined --port
| almandined: --port needs a value
run! almandined --port x
| almandined: --port: argument couldn't be parsed into an integer
run! almandined --port 70000
| almandined: --port: argument must be between 0 and 65535 inclusive
run! almandined --maxmemory 1xb
| almandined: --maxmemory: argument must be a memory value
run! almandined /nonexistent.conf
| almandined: /nonexistent.conf can not be read: No such file or directory
file bad.conf
| port = 7000
| nonsense = 1
run! almandined $dir/bad.conf
| /bad.conf.*2.*there is no option nonsense/
file bad.conf
| port 7000
run! almandined $dir/bad.conf
| /bad.conf:1: this is neither name = value nor a \[section\]/
# a file in redis-server's form, the colon too
file bad.conf
| bind 127.0.0.1 -::1
run! almandined $dir/bad.conf
| /bad.conf:1: this is neither name = value nor a \[section\]/
run! almandined --server_cpulist 0-x
| almandined: server_cpulist is no list of processors such as 0-3,8
run! almandined --server_cpulist 3-1
| almandined: server_cpulist is no list of processors such as 0-3,8
run almandined --check --server_cpulist 0-7:2,9 | grep server_cpulist
| server_cpulist = 0-7:2,9
run! almandined --port 0
| almandined: port is 0 and unixsocket is empty: nobody could connect
run! almandined --dir /nonexistent
| almandined: the directory /nonexistent can not be used: No such file or directory
run! almandined --dir /proc
| almandined: the directory /proc can not be used: No such file or directory
run! almandined --cluster-enabled yes --replicaof "localhost 6379"
| almandined: replicaof directive not allowed in cluster mode
run! bash -c 'ulimit -f 10; exec almandined --port 0 --unixsocket x'
| /^almandined: the shared region of \d+ MB can not be made: File too large/
run! almandined --port 0 --unixsocket /nonexistent/x
| almandined: can not listen on /nonexistent/x: No such file or directory
server a
run! almandined --port $a_port --bind 127.0.0.1
| /an address to listen on is in use: waiting up to 5 s for it$/
| /^almandined: 127.0.0.1 port \d+ is in use by another process$/
run! almandined --port $(($a_port + 1)) --cluster-enabled yes --cluster-port $a_port --bind 127.0.0.1
| /an address to listen on is in use: waiting up to 5 s for it$/
| /^almandined: 127.0.0.1 port \d+ \(the cluster bus\) is in use by another process$/
