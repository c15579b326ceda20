# A session's program in the guest, run by busybox: sets the shell up, then becomes it.
# Arguments: the host's time in seconds, its TERM, and for one command that command.
/bin/busybox mkdir -p /etc /root /include-files
/bin/busybox --install -s /bin
echo 'root:x:0:0:root:/root:/bin/sh' >/etc/passwd
echo 'root:x:0:' >/etc/group
cd /
date -s "@$1" >/dev/null
export HOME=/root TERM="$2" PATH=/bin:/ktstr/bin:/include-files LD_LIBRARY_PATH=/ktstr/lib PS1='\w # '
test $# -lt 3 || exec /bin/sh -c "$3"
exec /bin/sh
