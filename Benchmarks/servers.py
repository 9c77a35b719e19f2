"""What is measured: pushbridge, its limits and its peers, each with the configuration that it runs with."""

import json
import os
import shutil

from processes import Process, Talker, free_port, wait_for_port


class Setting:
    """Where things are."""

    def __init__(self, root, programs, folder):
        self.pushbridge = os.environ.get("PUSHBRIDGE") or os.path.join(root, ".build", "release", "pushbridge")
        self.programs = programs
        self.folder = folder

    def program(self, name):
        return os.path.join(self.programs, name)

    def log(self, name):
        return os.path.join(self.folder, name + ".log")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path


class Server:
    """A running server, and for a broadcast the source of its updates."""

    def __init__(self, setting):
        self.setting = setting
        self.port = free_port()
        self.processes = []
        self.source = None
        self.path = "/"
        self.pid = None

    def run(self, arguments, **options):
        process = Process(arguments, self.setting.log(self.name), **options)
        self.processes.append(process)
        return process

    def talk(self, name, *arguments):
        talker = Talker([self.setting.program(name), *map(str, arguments)], self.setting.log(name))
        self.processes.append(talker)
        if talker.hear(5) != "ready":
            raise RuntimeError(f"{name} is not ready")
        return talker

    def end(self):
        for process in reversed(self.processes):
            process.end()


class Limit(Server):
    """The bare epoll loop."""

    name = "limit"

    def start(self, interval):
        self.source = self.server = self.talk(self.name, self.port)


class LimitRing(Limit):
    """The same loop, but with its sends in batches through io_uring."""

    name = "limit-uring"

    @staticmethod
    def is_missing(setting):
        return not os.path.exists(setting.program("limit-uring"))


class Pushbridge(Server):
    name = "pushbridge"
    environment = None

    def __init__(self, setting, loops=1):
        super().__init__(setting)
        self.loops = loops

    def serve(self, route, **more):
        configuration = self.setting.write(f"pushbridge-{self.port}.json", json.dumps({
            "listen": [{"host": "127.0.0.1", "port": self.port}],
            "eventLoops": self.loops,
            "limits": {"connections": 19000, "connectionsPerAddress": 19000},
            "drain": "0s",
            "logLevel": "warning",
            "routes": [route],
            **more,
        }))
        self.server = self.run([self.setting.pushbridge, "serve", "--config", configuration], env=self.environment)
        wait_for_port(self.port)

    def start(self, interval):
        self.path = "/document"
        backend = free_port()
        self.source = self.talk("endpoint", "poll", backend)
        self.serve({"path": self.path, "poll": {
            "url": f"http://127.0.0.1:{backend}/", "interval": f"{interval}ms"}})


class PushbridgeWithoutRing(Pushbridge):
    """Where the kernel has no io_uring, or does not let the bridge use it."""

    name = "pushbridge-calls"
    environment = os.environ | {"PUSHBRIDGE_IO_URING": "off"}


class Nchan(Server):
    """nginx with Nchan, one worker."""

    name = "nchan"
    module = "/usr/lib/nginx/modules/ngx_nchan_module.so"

    @staticmethod
    def is_missing():
        return not (shutil.which("nginx") and os.path.exists(Nchan.module))

    def start(self, interval):
        self.path = "/subscribe"
        folder = os.path.join(self.setting.folder, f"nginx-{self.port}")
        os.mkdir(folder)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        configuration = self.setting.write(f"nginx-{self.port}.conf", f"""
load_module {self.module};
daemon off; pid {folder}/pid; error_log {folder}/error.log warn; user {'root' if os.geteuid() == 0 else 'nobody'};
worker_processes 1; worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{
    access_log off; {temporary}
    client_body_buffer_size 128k; nchan_shared_memory_size 256M; keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{self.port} backlog=4096;
        location = /publish {{ nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 1; }}
        location = /subscribe {{ nchan_subscriber websocket; nchan_channel_id bench; nchan_subscriber_first_message newest; }}
    }}
}}
""")
        self.server = self.run(["nginx", "-e", f"{folder}/start.log", "-c", configuration])
        wait_for_port(self.port)
        self.source = self.talk("endpoint", "nchan", self.port, "/publish")


class Pushpin(Server):
    """Pushpin with its built-in test origin, whose WebSockets listen to the channel "test"."""

    name = "pushpin"

    @staticmethod
    def is_missing():
        return not shutil.which("pushpin")

    def start(self, interval):
        self.path = "/ws"
        folder = os.path.join(self.setting.folder, f"pushpin-{self.port}")
        os.makedirs(os.path.join(folder, "run"))
        control = free_port()
        routes = self.setting.write(f"pushpin-{self.port}-routes", "* test\n")
        # Its rate limit is raised out of the way, and its buffers to hold the largest update.
        configuration = self.setting.write(f"pushpin-{self.port}.conf", f"""
[global]
include={{libdir}}/internal.conf
rundir={folder}/run
ipc_prefix=pushpin-
port_offset=0
stats_connection_ttl=120
[runner]
services=condure,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:{self.port}
logdir={folder}
log_level=1
client_buffer_size=65536
client_maxconn=19000
condure_bin=condure
[proxy]
routesfile={routes}
debug=false
sig_iss=pushpin
sig_key=changeme
updates_check=off
[handler]
push_in_spec=tcp://127.0.0.1:{free_port()}
push_in_sub_specs=tcp://127.0.0.1:{free_port()}
push_in_sub_connect=false
push_in_http_addr=127.0.0.1
push_in_http_port={control}
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
stats_spec=ipc://{{rundir}}/{{ipc_prefix}}stats
command_spec=tcp://127.0.0.1:{free_port()}
message_rate=1000000
message_hwm=1000000
message_wait=5000
id_cache_ttl=60
connection_subscription_max=20
subscription_linger=60
stats_subscription_ttl=60
stats_report_interval=10
stats_format=tnetstring
""")
        self.server = self.run(["pushpin", "--config", configuration])
        wait_for_port(self.port)
        wait_for_port(control)
        self.source = self.talk("endpoint", "pushpin", control, "test")
