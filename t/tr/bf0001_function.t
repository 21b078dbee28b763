# FUNCTION, of which there is none
server a
client c a

c> FUNCTION LIST
[]
c> FUNCTION LIST LIBRARYNAME * WITHCODE
[]
c> FUNCTION LIST LIBRARYNAME
-ERR library name argument was not given
c> FUNCTION LIST foo
-ERR Unknown argument foo
c> FUNCTION DUMP
"\n\x00]\x9b\\@\x0f\x7f\xa2\xda"
c> FUNCTION RESTORE "\n\x00]\x9b\\@\x0f\x7f\xa2\xda"
OK
c> FUNCTION RESTORE "\n\x00]\x9b\\@\x0f\x7f\xa2\xda" REPLACE
OK
c> FUNCTION RESTORE "\n\x00]\x9b\\@\x0f\x7f\xa2\xda" BAD
-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.
c> FUNCTION RESTORE "\n\x00]\x9b\\@\x0f\x7f\xa2\xda" FLUSH FLUSH
-ERR unknown subcommand or wrong number of arguments for 'RESTORE'. Try FUNCTION HELP.
c> FUNCTION RESTORE x
-ERR DUMP payload version or checksum are wrong
c> FUNCTION STATS
["running_script", nil, "engines", ["LUA", ["libraries_count", 0, "functions_count", 0]]]
c> FUNCTION FLUSH
OK
c> FUNCTION FLUSH ASYNC
OK
c> FUNCTION FLUSH LATER
-ERR FUNCTION FLUSH only supports SYNC|ASYNC option
c> FUNCTION DELETE lib
-ERR Library not found
c> FUNCTION KILL
-NOTBUSY No scripts in execution right now.

c> RESTORE e 0 "\n\x00]\x9b\\@\x0f\x7f\xa2\xda"
-ERR Bad data format
