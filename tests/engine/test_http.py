"""The HTTP client against real servers on this machine."""

import datetime
import doctest
import logging
import random
import socket
import threading
import time

import pytest
from http_server import load_client, serve

client = load_client()

LOOPBACK = client.Policy.parse("127.0.0.1/32")
QUICK = client.Limits(connect=1, read=0.3, total=0.8, size=1000)


def get(url, policy=LOOPBACK, limits=QUICK, **options):
    made = client.Client(policy, limits)
    try:
        return made.request(options.pop("method", "GET"), url, **options)
    finally:
        made.close()


def test_doctests():
    result = doctest.testmod(client)
    assert result.attempted and not result.failed


def test_answer_is_returned_as_it_came():
    with serve(lambda handler: handler.reply(201, b'{"a": 1}', X_Thing="y")) as server:
        response = get(f"{server.url}/p?q=1", method="POST", body=b"hello", headers={"X-A": "b"})
    assert (response.status, response.json(), response.headers["x-thing"]) == (201, {"a": 1}, "y")
    method, path, headers, body = server.hits[0]
    assert (method, path, headers["X-A"], body) == ("POST", "/p?q=1", "b", b"hello")
    assert response.check() is response


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//example.com/",
        "https:///x",
        "https://",
        "https://user:pw@example.com/",
        "https://user@example.com/",
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nX: y",
        "https://[::1",
        "https://example.com:99999/",
        "javascript:alert(1)",
    ],
)
def test_form_of_an_address_is_checked(url):
    with pytest.raises(client.Forbidden):
        get(url, policy=client.Policy())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
def test_only_public_addresses_are_called(host, monkeypatch):
    called = []
    monkeypatch.setattr(client, "create_connection", lambda *args, **options: called.append(args))
    with pytest.raises((client.Forbidden, client.Unreachable)):
        get(f"https://{host}/", policy=client.Policy())
    assert not called


def test_a_single_private_answer_of_the_name_service_forbids_all(monkeypatch):
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.216.34", "10.0.0.7")]
    monkeypatch.setattr(client.socket, "getaddrinfo", lambda *args, **options: entries)
    with pytest.raises(client.Forbidden, match="public internet"):
        get("https://example.com/", policy=client.Policy())


def test_a_name_that_changes_its_mind_reaches_nothing(monkeypatch):
    """Rebinding: the connection goes to what was checked, the name isn't asked again."""
    asked, connected = [], []

    def look_up(host, port, **_options):
        asked.append(host)
        ip = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    def connect(address, *_args, **_options):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(client.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(client, "create_connection", connect)
    with pytest.raises(client.Unreachable):
        get("https://example.com/", policy=client.Policy())
    assert (asked, connected) == (["example.com"], [("93.184.216.34", 443)])
    with pytest.raises(client.Forbidden):  # looked at anew for each request
        get("https://example.com/", policy=client.Policy())
    assert len(connected) == 1


def test_plain_http_goes_to_this_machine_only_and_only_when_allowed(monkeypatch):
    with serve(lambda handler: handler.reply(200)) as server:
        assert get(server.url).status == 200
        with pytest.raises(client.Forbidden):
            get(server.url, policy=client.Policy())
        with pytest.raises(client.Forbidden):
            get(server.url, policy=client.Policy.parse("10.0.0.0/8"))
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))]
    monkeypatch.setattr(client.socket, "getaddrinfo", lambda *args, **options: entries)
    with pytest.raises(client.Forbidden):
        get("http://example.com/")


def test_networks_of_the_option():
    policy = client.Policy.parse(" 10.1.0.0/16 ,127.0.0.1/32")
    assert policy.allows("10.1.2.3") and not policy.allows("10.2.0.1")
    assert policy.allows("127.0.0.1", plain=True) and not policy.allows("10.1.2.3", plain=True)
    with pytest.raises(ValueError):
        client.Policy.parse("localhost")


def test_redirects_are_not_followed():
    with serve(lambda handler: handler.reply(302, Location="/other")) as server:
        response = get(server.url)
        assert response.status == 302 and len(server.hits) == 1
        with pytest.raises(client.Refused) as caught:
            response.check()
    assert not caught.value.retry


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422])
def test_final_statuses(status):
    with serve(lambda handler: handler.reply(status)) as server, pytest.raises(client.Refused) as caught:
        get(server.url).check()
    assert not caught.value.retry and caught.value.arrived


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_statuses_to_try_again(status):
    with serve(lambda handler: handler.reply(status, Retry_After="7")) as server, pytest.raises(client.Busy) as caught:
        get(server.url).check()
    assert caught.value.retry and caught.value.retry_after == 7


def test_retry_after_as_date_and_nonsense():
    now = datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.timezone.utc)
    cases = {
        "Thu, 01 Jan 2026 12:02:00 GMT": 120,
        "Thu, 01 Jan 2026 11:00:00 GMT": 1,
        "Fri, 02 Jan 2026 12:00:00 GMT": 3600,
        "0": 1,
        "nan": None,
        "inf": 3600,
        "": None,
        "Thu, 99 Foo": None,
    }
    for value, expected in cases.items():
        assert client.parse_retry_after(value, now) == expected, value
    assert client.parse_retry_after(None) is None


def test_nothing_was_sent_when_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        with pytest.raises(client.Unreachable) as caught:
            get(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert caught.value.retry and caught.value.arrived is False


def test_a_name_without_an_address_is_unreachable(monkeypatch):
    def fail(*_args, **_options):
        raise socket.gaierror

    monkeypatch.setattr(client.socket, "getaddrinfo", fail)
    with pytest.raises(client.Unreachable, match="can't be found"):
        get("https://nowhere.example/")


def test_silence_after_the_request_leaves_it_open_whether_it_arrived():
    with serve(lambda handler: time.sleep(1)) as server, pytest.raises(client.Unanswered) as caught:
        get(server.url, method="POST", body=b"x")
    assert caught.value.arrived is None and not caught.value.retry
    assert len(server.hits) == 1


def test_a_connection_that_drops_leaves_it_open():
    def drop(handler):
        handler.connection.shutdown(socket.SHUT_RDWR)

    with serve(drop) as server, pytest.raises(client.Unanswered):
        get(server.url, method="POST", body=b"x")


def test_an_answer_in_drops_ends_at_the_deadline():
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100):
            handler.wfile.write(f"X-{number}: y\r\n".encode())
            handler.wfile.flush()
            time.sleep(0.1)

    began = time.monotonic()
    with serve(drip) as server, pytest.raises(client.Unanswered):
        get(server.url)
    assert time.monotonic() - began < 5  # without the deadline: 10 seconds of drops


def test_a_body_in_drops_ends_at_the_deadline():
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        for _number in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    with serve(drip) as server, pytest.raises(client.Unanswered):
        get(server.url)


def test_a_truncated_body_is_no_answer():
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "10")
        handler.end_headers()
        handler.wfile.write(b'{"ok"')
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    with serve(cut) as server, pytest.raises(client.Unanswered):
        get(server.url)


def test_size_is_limited_also_without_a_length():
    def flood(handler):
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        for _number in range(100):
            handler.wfile.write(b"x" * 100)
        handler.close_connection = True

    with serve(flood) as server, pytest.raises(client.Unreadable) as caught:
        get(server.url)
    assert caught.value.status == 200 and caught.value.arrived


def test_compressed_answers_are_refused():
    with serve(lambda handler: handler.reply(200, b"x", Content_Encoding="gzip")) as server:
        with pytest.raises(client.Unreadable):
            get(server.url)
        assert server.hits[0][2]["Accept-Encoding"] == "identity"


def test_cookies_and_proxies_are_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with serve(lambda handler: handler.reply(200, Set_Cookie="a=b")) as server:
        made = client.Client(LOOPBACK, QUICK)
        made.request("GET", server.url)
        made.request("GET", server.url)
        made.close()
    assert len(server.hits) == 2 and "Cookie" not in server.hits[1][2]


def test_secrets_are_in_no_log_and_no_exception(caplog):
    caplog.set_level(logging.DEBUG)
    secret = "12345:SECRET/token"
    with serve(lambda handler: handler.reply(401)) as server:
        response = get(f"{server.url}/bot12345:SECRET/token/send?key=SECRET2", secrets=[secret])
    with pytest.raises(client.Refused) as refused:
        response.check()
    with pytest.raises(client.Unanswered) as lost, serve(lambda handler: time.sleep(1)) as server:
        get(f"{server.url}/bot{secret}", secrets=[secret], headers={"Authorization": "Bearer SECRET3"})
    told = caplog.text + str(refused.value) + str(lost.value)
    assert "SECRET" not in told
    assert "/bot***" in caplog.text


def test_connections_are_used_again_and_threads_do_not_mix():
    ports = set()

    def answer(handler):
        ports.add(handler.client_address[1])
        handler.reply(200)

    with serve(answer) as server:
        made = client.Client(LOOPBACK, QUICK)
        for _number in range(5):
            made.request("GET", server.url)
        assert len(ports) == 1
        failures = []

        def call():
            try:
                assert made.request("GET", server.url).status == 200
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=call) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made.close()
    assert not failures and len(server.hits) == 13


def test_backoff_is_full_jitter():
    rng = random.Random(5)
    for tries in range(12):
        waits = [client.backoff(tries, rng) for _number in range(500)]
        ceiling = min(900, 2**tries)
        assert all(1 <= wait <= max(1, ceiling) for wait in waits)
        if ceiling > 16:
            assert abs(sum(waits) / len(waits) - ceiling / 2) < ceiling * 0.08
    assert client.backoff(10_000, rng) <= 900
