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
# the command line counts more
run almandined $dir/x.conf --port 7001 --check | grep ^port
| port = 7001
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
| /bad.conf/
run! almandined --port 0
| almandined: port is 0 and unixsocket is empty: nobody could connect
run! almandined --dir /nonexistent
| almandined: the directory /nonexistent can not be used: No such file or directory
run! almandined --port 0 --unixsocket /nonexistent/x
| almandined: can not listen on /nonexistent/x: No such file or directory
server a
run! almandined --port $a_port --bind 127.0.0.1
| /^almandined: 127.0.0.1 port \d+ is in use by another process$/
