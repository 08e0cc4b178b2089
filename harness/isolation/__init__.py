"""Networks and roots of their own: what Linux gives a lab that wants real ports and leaves nothing behind.

namespaces   system calls: unshare, mount, death with the parent
launch       a command in a network, mount and process namespace of its own
links        loopback, blocks of addresses, veth pairs
rootfs       a private root for a target: read-only /usr, everything else its own
fakeid       changes of user and owner that succeed without doing anything, for a single mapped uid
cell         one target's namespaces, and the process in it that starts programs
"""
