// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.CallTimeoutException;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerTransportProvider;
import dev.pillion.testservers.Ports;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GrpcPeersTest {
  private static final byte[] EMPTY = {};

  private final TestPeer web = TestPeer.caller();
  private TestPeer orders = new TestPeer("orders", (request, invocation) -> answer(EMPTY));

  @AfterEach
  void close() {
    web.close();
    orders.close();
  }

  private static InvocationResponse answer(byte[] body) {
    return InvocationResponse.of(200, Map.of(), "application/octet-stream", body);
  }

  private static byte[] read(InvocationResponse answer) throws IOException {
    try (answer) {
      return answer.body().readAllBytes();
    }
  }

  private void serve(dev.pillion.invocation.RequestHandler handler) {
    orders.close();
    orders = new TestPeer("orders", handler);
  }

  private static InvocationRequest streamed(InputStream body) {
    return new InvocationRequest(
        "POST",
        "take",
        "",
        Map.of("x", List.of("1")),
        "application/octet-stream",
        Body.of(body, -1));
  }

  private static byte[] random(int size) {
    var bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  @Test
  void aCallArrivesAsItWasMadeAndItsAnswerAsItWasGiven() throws Exception {
    var seen = new SynchronousQueue<InvocationRequest>();
    serve((request, invocation) -> {
      var body = request.body().open().readAllBytes();
      seen.offer(request, 10, TimeUnit.SECONDS);
      assertThat(invocation.caller()).isEmpty();
      assertThat(invocation.context().headers()).containsEntry("traceparent", "00-aa-bb-01");
      assertThat(invocation.context().deadline().isSet()).isTrue();
      return new InvocationResponse(
          201,
          "",
          Map.of("X-Id", List.of("9", "10"), "Connection", List.of("X-Hop"), "X-Hop", List.of("1")),
          Map.of(),
          "application/json",
          new ByteArrayInputStream(body));
    });
    var request = new InvocationRequest(
        "PUT",
        "/v1/create/ä b",
        "x=1&y=a%20b",
        Map.of(
            "Content-Length",
            List.of("7"),
            "X-Trace",
            List.of("t1", "t2"),
            "traceparent",
            List.of("00-aa-bb-01")),
        "application/json",
        Body.of("{\"n\":1}".getBytes(StandardCharsets.UTF_8)));
    var asked = new FutureTask<>(() -> web.ask(orders.peer(), request));
    new Thread(asked).start();
    var arrived = seen.poll(10, TimeUnit.SECONDS);
    var answer = asked.get(10, TimeUnit.SECONDS);
    assertThat(arrived.verb()).isEqualTo("PUT");
    assertThat(arrived.method()).isEqualTo("v1/create/ä b");
    assertThat(arrived.query()).isEqualTo("x=1&y=a%20b");
    assertThat(arrived.headers()).isEqualTo(request.headers());
    assertThat(arrived.contentType()).isEqualTo("application/json");
    assertThat(answer.status()).isEqualTo(201);
    assertThat(answer.contentType()).isEqualTo("application/json");
    assertThat(answer.headers())
        .isEqualTo(Map.of("X-Id", List.of("9", "10"), "Content-Type", List.of("application/json")));
    assertThat(read(answer)).asString().isEqualTo("{\"n\":1}");
  }

  @Test
  void bodiesOfAllSizesArriveWhole() throws Exception {
    serve((request, invocation) -> answer(request.body().open().readAllBytes()));
    for (int size : new int[] {0, 1, 1024, 65_535, 65_536, 65_537, 1_000_000, 20_000_000}) {
      var bytes = random(size);
      var inMemory = InvocationRequest.post("echo", "", bytes);
      assertThat(read(web.ask(orders.peer(), inMemory))).as("%d bytes", size).isEqualTo(bytes);
      assertThat(read(web.ask(orders.peer(), streamed(new ByteArrayInputStream(bytes)))))
          .as("%d bytes as a stream", size)
          .isEqualTo(bytes);
    }
  }

  @Test
  void aMethodMayAnswerWhileItReads() throws Exception {
    serve((request, invocation) ->
        new InvocationResponse(200, "", Map.of(), Map.of(), "", request.body().open()));
    var body = new PipedOutputStream();
    var source = new PipedInputStream(body);
    body.write(1);
    try (var answer = web.ask(orders.peer(), streamed(source))) {
      assertThat(answer.body().read()).isEqualTo(1);
      body.write(2);
      assertThat(answer.body().read()).isEqualTo(2);
      body.close();
      assertThat(answer.body().read()).isEqualTo(-1);
    }
  }

  @Test
  void anAnswerBiggerThanTheConnectionHoldsIsReadWhileItsRequestIsSent() throws Exception {
    serve((request, invocation) ->
        new InvocationResponse(200, "", Map.of(), Map.of(), "", request.body().open()));
    var bytes = random(30_000_000);
    assertThat(read(web.ask(orders.peer(), InvocationRequest.post("echo", "", bytes))))
        .isEqualTo(bytes);
  }

  @Test
  void nothingListening() throws Exception {
    int free = Ports.free();
    var nobody = new Peer("orders", "default", new PeerAddress("127.0.0.1", free));
    for (int i = 0; i < 3; i++) {
      assertReason(nobody, InvocationException.Reason.NOT_LISTENING);
    }
    // As soon as somebody does, calls get through: gRPC would hold back.
    try (var late = new TestPeer(
        GrpcPeers.onPort(free), "orders", (request, invocation) -> answer(new byte[] {7}))) {
      assertThat(read(web.ask(late.peer(), InvocationRequest.get("x")))).containsExactly(7);
    }
  }

  @Test
  void aNameThatCanNotBeResolved() {
    assertReason(
        new Peer("orders", "default", new PeerAddress("no-such-host.invalid", 1)),
        InvocationException.Reason.NOT_LISTENING);
  }

  @Test
  void somethingThatIsNoGrpc() throws Exception {
    try (var other = new ServerSocket(0)) {
      var answering = new FutureTask<>(() -> {
        try (var socket = other.accept()) {
          socket.getInputStream().readNBytes(24);
          socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes());
          socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        }
        return null;
      });
      new Thread(answering).start();
      assertReason(
          new Peer("orders", "default", new PeerAddress("127.0.0.1", other.getLocalPort())),
          InvocationException.Reason.GARBAGE);
      answering.get(10, TimeUnit.SECONDS);
    }
  }

  private void assertReason(Peer peer, InvocationException.Reason reason) {
    var failure = catchThrowableOfType(
        InvocationException.class, () -> web.ask(peer, InvocationRequest.get("x")));
    assertThat(failure.reason()).as("%s", failure).isEqualTo(reason);
    assertThat(failure).hasMessageContaining(peer.address().toString());
  }

  @Test
  void aDeniedCall() {
    orders.denies("for the test");
    assertReason(orders.peer(), InvocationException.Reason.DENIED);
    assertThatThrownBy(() -> web.ask(orders.peer(), InvocationRequest.get("v1/create")))
        .hasMessageContaining(
            "access control policy has denied access to id:  operation: v1/create verb: GET");
  }

  @Test
  void theDeadlineEndsTheCallOnBothSides() throws Exception {
    var interrupted = new CountDownLatch(1);
    serve((request, invocation) -> {
      try {
        new CountDownLatch(1).await();
        return answer(EMPTY);
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
    });
    assertThatThrownBy(() -> web.transport()
            .invoke(orders.peer(), InvocationRequest.get("x"), web.in(Duration.ofMillis(200))))
        .isInstanceOf(CallTimeoutException.class)
        .hasMessageContaining("orders");
    assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aCallerWhoIsInterruptedEndsItsCallEvenBeforeItHasBegun() throws Exception {
    var running = new AtomicInteger();
    serve((request, invocation) -> {
      running.incrementAndGet();
      try {
        new CountDownLatch(request.method().equals("stay") ? 1 : 0).await();
        return answer(EMPTY);
      } finally {
        running.decrementAndGet();
      }
    });
    for (int i = 0; i < 100; i++) {
      Thread.currentThread().interrupt();
      var failure = catchThrowableOfType(
          InvocationException.class, () -> web.ask(orders.peer(), InvocationRequest.get("stay")));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(failure.reason()).isEqualTo(InvocationException.Reason.CLOSED);
    }
    // Behind the others on the same connection.
    assertThat(read(web.ask(orders.peer(), InvocationRequest.get("go")))).isEmpty();
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> running.get() == 0);
  }

  @Test
  void aCallerWhoClosesTheAnswerEndsTheMethodThatWritesIt() throws Exception {
    var ended = new CountDownLatch(1);
    serve((request, invocation) ->
        new InvocationResponse(200, "", Map.of(), Map.of(), "", new EndlessStream(ended)));
    try (var answer = web.ask(orders.peer(), InvocationRequest.get("x"))) {
      assertThat(answer.body().readNBytes(1_000_000)).hasSize(1_000_000);
    }
    assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
  }

  private static final class EndlessStream extends InputStream {
    private final CountDownLatch closed;

    EndlessStream(CountDownLatch closed) {
      this.closed = closed;
    }

    @Override
    public int read() {
      return 1;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      return length;
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  @Test
  void aMethodThatEndsItsAnswerTooEarly() throws Exception {
    serve((request, invocation) ->
        new InvocationResponse(200, "", Map.of(), Map.of(), "", new BrokenStream()));
    try (var answer = web.ask(orders.peer(), InvocationRequest.get("x"))) {
      assertThat(answer.status()).isEqualTo(200);
      var failure =
          catchThrowableOfType(InvocationException.class, () -> answer.body().readAllBytes());
      assertThat(failure.reason()).isEqualTo(InvocationException.Reason.CLOSED);
    }
  }

  @Test
  void aRequestWhoseBodyCanNotBeRead() {
    serve((request, invocation) -> answer(request.body().open().readAllBytes()));
    var failure = catchThrowableOfType(
        InvocationException.class, () -> web.ask(orders.peer(), streamed(new BrokenStream())));
    assertThat(failure).hasRootCauseMessage("broken for the test");
  }

  @Test
  void aBodyThatIsNotAsLongAsItSaysFailsTheCall() {
    serve((request, invocation) -> {
      request.body().open().transferTo(OutputStream.nullOutputStream());
      return InvocationResponse.of(200, Map.of(), "", new byte[0]);
    });
    for (long length : new long[] {2, 100}) {
      var body = Body.of(new ByteArrayInputStream(new byte[3]), length);
      var request = new InvocationRequest("POST", "m", "", Map.of(), "", body);
      assertThatThrownBy(() -> web.ask(orders.peer(), request))
          .isInstanceOf(InvocationException.class)
          .hasMessageContaining("than the " + length + " that were announced");
    }
  }

  private static final class BrokenStream extends InputStream {
    private int left = 100;

    @Override
    public int read() throws IOException {
      if (left-- <= 0) {
        throw new IOException("broken for the test");
      }
      return 1;
    }
  }

  @Test
  void theRuntimeFindsItByItself() {
    assertThat(ServiceLoader.load(PeerTransportProvider.class))
        .singleElement()
        .satisfies(provider -> assertThat(provider.create()).isInstanceOf(GrpcPeers.class));
  }

  @Test
  void withoutTlsItIsOfTheLoopbackAddress() {
    assertThat(orders.address().host()).isEqualTo("127.0.0.1");
    assertThat(orders.transport().describe()).isEqualTo("plaintext on loopback");
    assertThat(orders.transport().provesCallers()).isFalse();
  }
}
