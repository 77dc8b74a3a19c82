# Run by cmake --install: the unit with the path of the daemon that is being installed. Given: unit_source, sbindir.
set(folder "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
file(READ "${unit_source}" unit)
string(REPLACE "=/usr/sbin/bulkhead" "=${CMAKE_INSTALL_PREFIX}/${sbindir}/bulkhead" unit "${unit}")
message(STATUS "Installing: $ENV{DESTDIR}${folder}/bulkhead.service")
file(WRITE "$ENV{DESTDIR}${folder}/bulkhead.service" "${unit}")
