// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.CallTimeoutException;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.regex.Pattern;

/**
 * Calls between two peers in a network that loses packets, each counted where it is made and where
 * it arrives.
 */
final class LossyCalls {
  /** Makes the network, without any other, and runs a command in it. Gone when that ends. */
  static final List<String> NETWORK = List.of("unshare", "-n", "sh", "-c", """
      set -e
      ip link set lo up
      nft add table inet pillion
      nft add chain inet pillion arriving '{ type filter hook input priority 0; }'
      nft add rule inet pillion arriving tcp dport 50002 numgen random mod 100 '<' 1 counter drop
      nft add rule inet pillion arriving tcp sport 50002 numgen random mod 100 '<' 1 counter drop
      exec "$@"
      """, "lossy");

  private static final int PORT = 50_002;
  private static final int CALLERS = 8;
  private static final int CALLS_OF_EACH = 400;

  /** So that connections are made while packets are lost, too. */
  private static final int CALLS_OF_ONE_CONNECTION = 50;

  private static final Duration IMPATIENT = Duration.ofMillis(150);
  private static final Pattern COUNTER = Pattern.compile("counter packets (\\d+)");

  private final AtomicIntegerArray served = new AtomicIntegerArray(CALLERS * CALLS_OF_EACH);
  private final AtomicInteger done = new AtomicInteger();
  private final AtomicInteger late = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();

  /** The whole, on one line. */
  static String run() throws Exception {
    var calls = new LossyCalls();
    try (var orders = new TestPeer(GrpcPeers.onPort(PORT), "orders", (request, invocation) -> {
      calls.served.incrementAndGet(Integer.parseInt(request.query()));
      return InvocationResponse.of(200, Map.of(), "", request.body().open().readAllBytes());
    })) {
      var callers = new ArrayList<FutureTask<Void>>();
      for (int i = 0; i < CALLERS; i++) {
        int first = i * CALLS_OF_EACH;
        var caller = new FutureTask<Void>(() -> {
          calls.call(orders, first);
          return null;
        });
        callers.add(caller);
        new Thread(caller).start();
      }
      for (var caller : callers) {
        caller.get();
      }
    }
    for (int call = 0; call < calls.served.length(); call++) {
      calls.expect(call, calls.served.get(call) <= 1, "when all had ended");
    }
    return "done=%s late=%s failed=%s lost=%s wrong=%s"
        .formatted(calls.done, calls.late, calls.failed, lostPackets(), calls.wrong);
  }

  private void call(TestPeer orders, int first) {
    for (int i = first; i < first + CALLS_OF_EACH; i += CALLS_OF_ONE_CONNECTION) {
      try (var web = TestPeer.caller()) {
        for (int call = i; call < i + CALLS_OF_ONE_CONNECTION; call++) {
          callOnce(web, orders, call);
        }
      }
    }
  }

  /** A call that has not ended well is no lost one: it may have been done once, and not twice. */
  private void callOnce(TestPeer web, TestPeer orders, int call) {
    var bytes = new byte[call % 100 == 0 ? 500_000 : 1_000];
    Arrays.fill(bytes, (byte) call);
    var body = call % 50 == 1 ? Body.of(new ByteArrayInputStream(bytes), -1) : Body.of(bytes);
    var request = new InvocationRequest("POST", "echo", String.valueOf(call), Map.of(), "", body);
    var deadline = web.in(call % 10 == 2 ? IMPATIENT : TestPeer.LONG);
    try (var answer = web.transport().invoke(orders.peer(), request, deadline)) {
      boolean same = Arrays.equals(bytes, answer.body().readAllBytes());
      done.incrementAndGet();
      expect(call, same && served.get(call) == 1, "was answered, with its own bytes: " + same);
    } catch (CallTimeoutException e) {
      late.incrementAndGet();
      expect(call, served.get(call) <= 1 && call % 10 == 2, "had 30 s, and passed them");
    } catch (InvocationException e) {
      failed.incrementAndGet();
      int most = e.reason() == Reason.NOT_LISTENING ? 0 : 1;
      expect(
          call,
          served.get(call) <= most && (most == 0 || e.reason() == Reason.CLOSED),
          e.toString());
    } catch (IOException | RuntimeException e) {
      expect(call, false, e.toString());
    }
  }

  private void expect(int call, boolean right, String what) {
    if (!right) {
      wrong.add("call %d, done %d times: %s".formatted(call, served.get(call), what));
    }
  }

  private static int lostPackets() throws IOException {
    var nft = new ProcessBuilder("nft", "list", "table", "inet", "pillion").start();
    var rules = new String(nft.getInputStream().readAllBytes());
    return COUNTER
        .matcher(rules)
        .results()
        .mapToInt(counter -> Integer.parseInt(counter.group(1)))
        .sum();
  }
}
