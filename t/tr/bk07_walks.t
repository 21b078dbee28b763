# KEYS and SCAN
server a
client c a
client d a

c> KEYS *
[]
c> SCAN 0
["0", []]
c> MSET foo 1 bar 2 foobar 3 "{t}1" 4 "{t}2" 5 "a[b" 6 "x\\y" 7
OK
c> KEYS foo*
unordered ["foo", "foobar"]
c> KEYS ??r
["bar"]
c> KEYS [ab]ar
["bar"]
c> KEYS [^f]ar
["bar"]
c> KEYS {t}*
unordered ["{t}1", "{t}2"]
c> KEYS {t}1
["{t}1"]
c> KEYS {}*
[]
c> KEYS *[*
[]
c> KEYS x\\\\y
[]
c> KEYS foo
["foo"]
c> KEYS FOO
[]
c> KEYS
-ERR wrong number of arguments for 'keys' command

c> SCAN 0 COUNT 1000 MATCH foo*
["0", unordered ["foo", "foobar"]]
c> SCAN 0 COUNT 1000 MATCH {t}*
["0", unordered ["{t}1", "{t}2"]]
c> SCAN 0 COUNT 1000 MATCH foo TYPE string
["0", ["foo"]]
c> SCAN 0 COUNT 1000 TYPE list
["0", []]
c! RPUSH l x
c> SCAN 0 COUNT 1000 TYPE LIST
["0", ["l"]]
c> SCAN 0 COUNT 1000 TYPE nonsense
["0", []]
c> SCAN 0 TYPE
-ERR syntax error
c> SCAN 0 COUNT 0
-ERR syntax error
c> SCAN 0 COUNT x
-ERR value is not an integer or out of range
c> SCAN 0 MATCH
-ERR syntax error
c> SCAN 0 FOO 1
-ERR syntax error
c> SCAN x
-ERR invalid cursor
c> SCAN " 0"
-ERR invalid cursor
c> SCAN 18446744073709551616
-ERR invalid cursor
c> SCAN 99999999999999999 COUNT x
-ERR value is not an integer or out of range
d> SELECT 3
OK
d> SCAN 0 COUNT 1000
["0", []]
d> KEYS *
[]
c> HSCAN none 0 FOO
["0", []]
c> HSCAN none x
-ERR invalid cursor
