# passwords are not for those who read MONITOR and SLOWLOG
server a
client c a
client m a
c> CONFIG SET slowlog-log-slower-than 0
OK
m> MONITOR
OK
c> AUTH nobody geheim
-/WRONGPASS/
m< /"AUTH" "\(redacted\)" "\(redacted\)"$/
c> HELLO 2 SETNAME x auth nobody geheim
-/WRONGPASS/
m< /"HELLO" "2" "SETNAME" "x" "auth" "\(redacted\)" "\(redacted\)"$/
c> MIGRATE 127.0.0.1 1 "" 0 10 AUTH2 me geheim KEYS auth
NOKEY
m< /"AUTH2" "\(redacted\)" "\(redacted\)" "KEYS" "auth"$/
c> MIGRATE 127.0.0.1 1 auth 0 10 AUTH geheim
NOKEY
m< /"MIGRATE" "127.0.0.1" "1" "auth" "0" "10" "AUTH" "\(redacted\)"$/
c> SLOWLOG GET 1
[[?, ?, ?, ["MIGRATE", "127.0.0.1", "1", "auth", "0", "10", "AUTH", "(redacted)"], ?, ?]]
c> MULTI
OK
c> AUTH geheim
QUEUED
c> EXEC
[-/AUTH <password> called without/]
m< /"MULTI"$/
m< /"AUTH" "\(redacted\)"$/
m< /"EXEC"$/

# and those who read it do not begin within a transaction
c> MULTI
OK
c> MONITOR
QUEUED
c> EXEC
[-/^ERR MONITOR isn't allowed for DENY BLOCKING client$/]
