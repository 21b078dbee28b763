# almandinectl: status without a connection, the region check
only almandined
server a --workers 2
client c a
c> SET k v
OK
run almandinectl status $a_pid
| /^node +pid \d+, up \d+ s, version \d+$/
| /^deaths +0, mended 0/
| /^heap +\d+ of \d+ spans/
| /^log +0 to \d+$/
| /^worker 0 +pid \d+ +birth 1 +ready/
| /^worker 1 +pid \d+ +birth 1 +ready/
| /^control +pid \d+ +birth 1 +ready/
run almandinectl check --port $a_port
| region:sound
| ...
kill worker 1 of a
respawned worker 1 of a
run almandinectl status $a_pid
| /^node/
| /^deaths +1/
| ...
run! almandinectl check --port 1
| almandinectl: nobody answers at 127.0.0.1 port 1
run! almandinectl status 99999999
run! almandinectl nothing
run almandinectl cluster --help | head -1
| /^usage: almandinectl cluster start/
