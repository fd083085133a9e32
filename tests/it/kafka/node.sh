# Runs one Kafka node for as long as the test process lives.
#
# Standard input is a pipe whose other end only the test process holds. However that process ends, even by kill -9, the
# pipe closes and `read` returns; then the node goes and the files of the cluster with it. A line "keep" before the end
# leaves the files, for a node that will be started again.
#
# Arguments: folder of the cluster, folder of the node, a user as "name=..,password=..", and the Java command up to the
# class name.
# Standard output: the process id of the node. Standard error: the log of the node.

cluster=$1 node=$2 user=$3
shift 3
# If the reader of our one line is gone, there is still a node to kill.
trap '' PIPE

if [ ! -e "$node/data/meta.properties" ]; then
    # The cluster id is any 16 bytes; these say "trunkline-tests!".
    "$@" kafka.tools.StorageTool format -t dHJ1bmtsaW5lLXRlc3RzIQ -c "$node/node.properties" \
        --add-scram "SCRAM-SHA-256=[$user]" --add-scram "SCRAM-SHA-512=[$user]" </dev/null >&2 || exit 1
fi

"$@" kafka.Kafka "$node/node.properties" </dev/null >&2 &
echo $!
read -r end
# By job, not by process id: that may belong to another process by now, had the node ended on its own.
kill -9 %1
wait
[ "$end" = keep ] || rm -rf "$cluster"
