// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.spi.Peer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Peers as processes, which are killed, starved of memory, and cut off. */
class TwoJvmsIT {
  private static final long GIBIBYTE = 1L << 30;

  private final TestPeer web = TestPeer.caller();

  @AfterEach
  void stop() {
    web.close();
  }

  private void ask(Peer peer) throws Exception {
    try (var answer = web.ask(peer, InvocationRequest.post("echo", "", new byte[] {1}))) {
      assertThat(answer.body().readAllBytes()).containsExactly(1);
    }
  }

  private InvocationException failure(Peer peer, String method) {
    return catchThrowableOfType(
        InvocationException.class,
        () -> web.ask(peer, InvocationRequest.get(method)).close());
  }

  @Test
  void aPeerThatIsKilledDuringACallAndStartedAgain() throws Exception {
    Peer peer;
    try (var orders = PeerProcess.start(List.of(), List.of(), "serve", "0")) {
      peer = orders.peer();
      ask(peer);
      var waiting = new FutureTask<>(() -> failure(peer, "wait"));
      new Thread(waiting).start();
      assertThat(orders.said()).isEqualTo("waiting");
      orders.kill();
      assertThat(waiting.get(10, TimeUnit.SECONDS).reason()).isEqualTo(Reason.CLOSED);
    }
    assertThat(failure(peer, "echo").reason()).isEqualTo(Reason.NOT_LISTENING);
    var port = String.valueOf(peer.address().port());
    try (var orders = PeerProcess.start(List.of(), List.of(), "serve", port)) {
      assertThat(orders.peer()).isEqualTo(peer);
      ask(peer);
    }
  }

  @Test
  void aGibibyteGoesThroughAJvmOf64MebibytesThereAndBack() throws Exception {
    try (var orders = PeerProcess.start(
        List.of(), List.of("-Xmx64m", "-XX:+ExitOnOutOfMemoryError"), "serve", "0")) {
      var peer = orders.peer();
      var deadline = web.in(Duration.ofMinutes(4));
      try (var answer = web.transport().invoke(peer, PeerProcess.streamed(GIBIBYTE), deadline)) {
        var buffer = new byte[64 * 1024];
        long at = 0;
        for (int read = answer.body().read(buffer);
            read >= 0;
            read = answer.body().read(buffer)) {
          requireSame(buffer, read, at);
          at += read;
        }
        assertThat(at).isEqualTo(GIBIBYTE);
      }
      ask(peer);
    }
  }

  private static void requireSame(byte[] buffer, int read, long at) {
    for (int i = 0; i < read; i++) {
      if (buffer[i] != PeerProcess.Counted.at(at + i)) {
        throw new AssertionError("the byte at " + (at + i) + " is another one");
      }
    }
  }
}
