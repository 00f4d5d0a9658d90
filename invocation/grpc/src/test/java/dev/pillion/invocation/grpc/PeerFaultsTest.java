// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testservers.FaultProxy;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A network that fails between two peers. */
class PeerFaultsTest {
  private final AtomicInteger calls = new AtomicInteger();
  private final CountDownLatch arrived = new CountDownLatch(1);
  private final CountDownLatch interrupted = new CountDownLatch(1);
  private final TestPeer orders = new TestPeer("orders", (request, invocation) -> {
    calls.incrementAndGet();
    if (request.method().equals("wait")) {
      arrived.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
    }
    return request.method().equals("stream")
        ? new InvocationResponse(200, "", Map.of(), Map.of(), "", new Endless())
        : InvocationResponse.of(200, Map.of(), "", request.body().open().readAllBytes());
  });
  private final FaultProxy network =
      FaultProxy.to(orders.address().host(), orders.address().port());
  private final Peer peer =
      new Peer("orders", "default", new PeerAddress(network.host(), network.port()));
  private final TestPeer web = TestPeer.caller();

  @AfterEach
  void stop() {
    web.close();
    network.close();
    orders.close();
  }

  private static final class Endless extends InputStream {
    @Override
    public int read() {
      return 1;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      return length;
    }
  }

  private void ask() throws Exception {
    try (var answer = web.ask(peer, InvocationRequest.post("echo", "", new byte[] {1}))) {
      assertThat(answer.body().readAllBytes()).containsExactly(1);
    }
  }

  private FutureTask<InvocationException> failureOf(String method) {
    var task = new FutureTask<>(() -> catchThrowableOfType(
        InvocationException.class,
        () -> web.ask(peer, InvocationRequest.get(method)).close()));
    new Thread(task).start();
    return task;
  }

  @Test
  void aConnectionThatIsCutDuringACallIsToldAndReplaced() throws Exception {
    ask();
    var failure = failureOf("wait");
    assertThat(arrived.await(10, TimeUnit.SECONDS)).isTrue();
    network.cut();
    assertThat(failure.get(10, TimeUnit.SECONDS).reason())
        .as("the app has seen the call")
        .isEqualTo(Reason.CLOSED);
    assertThat(interrupted.await(10, TimeUnit.SECONDS))
        .as("nobody waits for it")
        .isTrue();
    assertThat(failureOf("echo").get(10, TimeUnit.SECONDS).reason())
        .isEqualTo(Reason.NOT_LISTENING);
    network.heal();
    ask();
    assertThat(calls).hasValue(3);
  }

  @Test
  void aConnectionThatIsCutWithinAnAnswerBreaksTheBody() throws Exception {
    try (var answer = web.ask(peer, InvocationRequest.get("stream"))) {
      assertThat(answer.body().readNBytes(1_000_000)).hasSize(1_000_000);
      network.cut();
      var failure = catchThrowableOfType(
          InvocationException.class,
          () -> answer.body().transferTo(OutputStream.nullOutputStream()));
      assertThat(failure.reason()).isEqualTo(Reason.CLOSED);
    }
    network.heal();
    ask();
  }

  @Test
  void aConnectionThatIsDeadIsFoundOutByPings() throws Exception {
    ask();
    var failure = failureOf("wait");
    assertThat(arrived.await(10, TimeUnit.SECONDS)).isTrue();
    network.stall();
    long began = System.nanoTime();
    assertThat(failure.get(25, TimeUnit.SECONDS).reason()).isEqualTo(Reason.CLOSED);
    assertThat(Duration.ofNanos(System.nanoTime() - began))
        .as("pings each 10 s, an answer within 5 s")
        .isLessThan(Duration.ofSeconds(20));
    network.heal();
    ask();
  }

  @Test
  void aSlowNetworkIsNoFault() throws Exception {
    network.delay(Duration.ofMillis(200));
    ask();
    var bytes = new byte[500_000];
    try (var answer = web.ask(peer, InvocationRequest.post("echo", "", bytes))) {
      assertThat(answer.body().readAllBytes()).isEqualTo(bytes);
    }
    network.heal();
  }

  @Test
  void aPeerThatClosesLetsItsCallsEndAndTakesNoMore() throws Exception {
    var going = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var closed = new AtomicBoolean();
    try (var other = new TestPeer("orders", (request, invocation) -> {
      going.countDown();
      assertThat(go.await(10, TimeUnit.SECONDS)).isTrue();
      return InvocationResponse.of(200, Map.of(), "", new byte[] {9});
    })) {
      var answer = new FutureTask<>(() -> {
        try (var whole = web.ask(other.peer(), InvocationRequest.get("x"))) {
          return whole.body().readAllBytes();
        }
      });
      new Thread(answer).start();
      assertThat(going.await(10, TimeUnit.SECONDS)).isTrue();
      var closing = new FutureTask<>(() -> {
        other.transport().close();
        closed.set(true);
        return null;
      });
      new Thread(closing).start();
      Awaitility.await().until(() -> refuses(other));
      assertThat(closed).isFalse();
      go.countDown();
      assertThat(answer.get(10, TimeUnit.SECONDS)).containsExactly(9);
      closing.get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void aCallerThatClosesLetsItsCallsEndAndMakesNoMore() throws Exception {
    var going = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    try (var asking = TestPeer.named("asking");
        var other = new TestPeer("orders", (request, invocation) -> {
          going.countDown();
          assertThat(go.await(10, TimeUnit.SECONDS)).isTrue();
          return InvocationResponse.of(200, Map.of(), "", new byte[] {9});
        })) {
      var answer = new FutureTask<>(() -> {
        try (var whole = asking.ask(other.peer(), InvocationRequest.get("x"))) {
          return whole.body().readAllBytes();
        }
      });
      new Thread(answer).start();
      assertThat(going.await(10, TimeUnit.SECONDS)).isTrue();
      var closing = new FutureTask<>(() -> {
        asking.transport().close();
        return null;
      });
      new Thread(closing).start();
      Awaitility.await()
          .untilAsserted(() -> assertThatThrownBy(() -> asking.transport().route(other.peer()))
              .isInstanceOf(IllegalStateException.class));
      go.countDown();
      assertThat(answer.get(10, TimeUnit.SECONDS)).containsExactly(9);
      closing.get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void aPeerThatTakesNoMoreCallsCanStillMakeSome() throws Exception {
    try (var leaving = TestPeer.named("leaving");
        var other = new TestPeer(
            "orders",
            (request, invocation) -> InvocationResponse.of(200, Map.of(), "", new byte[] {9}))) {
      leaving.transport().drain();
      // The server says that it has ended a moment before its event loop has closed the port.
      Awaitility.await().until(() -> refuses(leaving));
      try (var answer = leaving.ask(other.peer(), InvocationRequest.get("x"))) {
        assertThat(answer.body().readAllBytes()).containsExactly(9);
      }
    }
  }

  private static boolean refuses(TestPeer peer) throws Exception {
    try (var socket = new Socket(peer.address().host(), peer.address().port())) {
      return !socket.isConnected();
    } catch (ConnectException e) {
      return true;
    }
  }

  @Test
  void bodiesThatNobodyReadsDoNotHoldUpOtherCalls() throws Exception {
    ask();
    var stalled = new ArrayList<InvocationResponse>();
    try {
      for (int i = 0; i < 8; i++) {
        var answer = web.ask(peer, InvocationRequest.get("stream"));
        stalled.add(answer);
        assertThat(answer.body().readNBytes(10)).hasSize(10);
      }
      // Long enough that those who send them have filled whatever room there is.
      Awaitility.await()
          .pollDelay(Duration.ofMillis(500))
          .until(() -> stalled.get(7).body().available() > 0);
      for (int i = 0; i < 20; i++) {
        var request = InvocationRequest.post("echo", "", new byte[100_000]);
        try (var answer = web.transport().invoke(peer, request, web.in(Duration.ofSeconds(5)))) {
          assertThat(answer.body().readAllBytes()).hasSize(100_000);
        }
      }
    } finally {
      stalled.forEach(InvocationResponse::close);
    }
  }
}
