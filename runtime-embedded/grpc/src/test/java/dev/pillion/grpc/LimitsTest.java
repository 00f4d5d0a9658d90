// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.StateFacadeTest.item;
import static dev.pillion.grpc.StateFacadeTest.read;
import static dev.pillion.grpc.TestFacade.STORE;
import static dev.pillion.grpc.TestFacade.failure;
import static dev.pillion.grpc.TestFacade.header;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.CallRejectedException;
import dev.pillion.concurrent.Threads;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.GetBulkStateRequest;
import dev.pillion.wire.runtime.v1.SaveStateRequest;
import io.grpc.Status.Code;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What callers can't do to each other. */
@Timeout(60)
class LimitsTest {
  private static final int MEBIBYTE = 1024 * 1024;

  /** gRPC logs what these tests send, at length; kept here, or the setting would be collected. */
  private static final Logger GRPC = Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty");

  private final ScriptedStore component = new ScriptedStore();
  private final TestFacade facade = TestFacade.over(component);

  @BeforeAll
  static void quiet() {
    GRPC.setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    GRPC.setLevel(null);
  }

  @AfterEach
  void close() {
    facade.close();
  }

  private static SaveStateRequest large(int bytes) {
    return SaveStateRequest.newBuilder()
        .setStoreName(STORE)
        .addStates(item("large", "x".repeat(bytes)))
        .build();
  }

  private void assertServes(TestFacade other) {
    assertThat(other.dapr().getState(read("absent")).getEtag()).isEmpty();
  }

  @Test
  void aRequestOfFourMebibytesIsTheLargest() {
    facade.dapr().saveState(large(4 * MEBIBYTE - 1000));
    assertThat(facade.runtime().state(STORE).get("large", byte[].class).orElseThrow())
        .hasSize(4 * MEBIBYTE - 1000);

    var refused = failure(() -> facade.dapr().saveState(large(4 * MEBIBYTE + 1)));
    assertThat(refused.thrown().getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertServes(facade);
  }

  @Test
  void anAnswerOfFourMebibytesIsTheLargest() {
    facade.dapr().saveState(large(3 * MEBIBYTE));
    var twice = GetBulkStateRequest.newBuilder()
        .setStoreName(STORE)
        .addKeys("large")
        .addKeys("large")
        .build();

    var refused = failure(() -> facade.dapr().getBulkState(twice));
    assertThat(refused.thrown().getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    assertThat(refused.thrown().getStatus().getDescription())
        .startsWith("trying to send message larger than max (")
        .endsWith(" vs. 4194304)");
    assertServes(facade);
  }

  @Test
  void theSizeOfMessagesIsAnOption() {
    try (var small = TestFacade.start(
        TestFacade.facade().maxMessageSize(1000), builder -> builder.component(STORE, component))) {
      small.dapr().saveState(large(500));
      var refused = failure(() -> small.dapr().saveState(large(1000)));
      assertThat(refused.thrown().getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    }
  }

  @Test
  void headersThatAreTooLargeFailAlone() {
    var fits = header("app-note", "x".repeat(50_000));
    assertThat(facade.dapr(fits).getState(read("absent")).getEtag()).isEmpty();

    for (int size : List.of(70_000, 200_000)) {
      failure(() -> facade.dapr(header("app-note", "x".repeat(size))).getState(read("absent")));
      assertServes(facade);
    }
    try (var small = TestFacade.start(
        TestFacade.facade().maxHeaderListSize(2000),
        builder -> builder.component(STORE, component))) {
      failure(() -> small.dapr(fits).getState(read("absent")));
      assertServes(small);
    }
  }

  @Test
  void callsOfOneConnectionBeyondTheLimitWait() throws Exception {
    var entered = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    var order = new CopyOnWriteArrayList<String>();
    component
        .before("first", () -> {
          entered.countDown();
          Gates.await(gate);
          order.add("first");
        })
        .before("second", () -> order.add("second"));
    try (var narrow = TestFacade.start(
        TestFacade.facade().maxConcurrentCallsPerConnection(1),
        builder -> builder.component(STORE, component))) {
      // The first call on a connection may be sent before the server has told its limit.
      assertServes(narrow);
      var future = DaprGrpc.newFutureStub(narrow.channel());
      var first = future.getState(read("first"));
      Gates.await(entered);
      var second = future.getState(read("second"));
      var other = TestFacade.channelTo(narrow.port());
      try {
        DaprGrpc.newBlockingStub(other)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .getState(read("absent"));
      } finally {
        other.shutdownNow();
      }
      assertThat(second.isDone()).isFalse();
      gate.countDown();
      first.get(30, TimeUnit.SECONDS);
      second.get(30, TimeUnit.SECONDS);
    }
    assertThat(order).containsExactly("first", "second");
  }

  /** One thread at a time, as a pool at its cap. */
  private static final class OneThread implements Threads {
    private final Semaphore free = new Semaphore(1);

    @Override
    public void execute(String name, Runnable task) {
      if (!free.tryAcquire()) {
        throw new CallRejectedException(
            "ERR_TOO_MANY_THREADS", "\"" + name + "\" would need thread 2 of at most 1", null);
      }
      new Thread(
              () -> {
                try {
                  task.run();
                } finally {
                  free.release();
                }
              },
              name)
          .start();
    }

    @Override
    public Thread start(String name, Runnable loop) {
      var thread = new Thread(loop, name);
      thread.setDaemon(true);
      thread.start();
      return thread;
    }
  }

  @Test
  void withoutAThreadACallIsRefusedByName() throws Exception {
    var entered = new CountDownLatch(1);
    var gate = new CountDownLatch(1);
    component.before("held", () -> {
      entered.countDown();
      Gates.await(gate);
    });
    try (var narrow = TestFacade.start(
        TestFacade.facade(),
        builder -> builder.component(STORE, component).threads(new OneThread()))) {
      var held = DaprGrpc.newFutureStub(narrow.channel()).getState(read("held"));
      Gates.await(entered);

      failure(() -> narrow.dapr().getState(read("absent")))
          .has(Code.RESOURCE_EXHAUSTED, "\"grpc/GetState\" would need thread 2 of at most 1")
          .hasReason("ERR_TOO_MANY_THREADS");
      gate.countDown();
      held.get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void aConnectionThatPingsTooOftenIsEnded() throws Exception {
    try (var abuser = new RawConnection(facade.port())) {
      abuser.greet();
      for (int i = 0; i < 5; i++) {
        abuser.frame(RawConnection.PING, 0, 0, new byte[8]);
      }

      var end = abuser.readUntil(RawConnection.GOAWAY);
      assertThat(end).isNotNull();
      assertThat(end.errorCode()).as("ENHANCE_YOUR_CALM").isEqualTo(11);
      assertThat(end.text()).isEqualTo("too_many_pings");
    }
    assertServes(facade);
  }

  @Test
  void aConnectionThatBeginsCallsOnlyToEndThemIsEnded() throws Exception {
    try (var abuser = new RawConnection(facade.port())) {
      abuser.greet();
      var sent = new Thread(() -> {
        try {
          for (int stream = 1; stream < 40_000; stream += 2) {
            abuser.begin(stream, "/dapr.proto.runtime.v1.Dapr/GetState");
            abuser.frame(RawConnection.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
          }
        } catch (IOException e) {
          // The server has had enough.
        }
      });
      sent.start();

      var end = abuser.readUntil(RawConnection.GOAWAY);
      assertThat(end).isNotNull();
      assertThat(end.errorCode()).as("ENHANCE_YOUR_CALM").isEqualTo(11);
      abuser.close();
      sent.join();
    }
    assertServes(facade);
  }

  @Test
  void aPingNowAndThenIsFineWithoutACall() throws Exception {
    try (var idle = new RawConnection(facade.port())) {
      idle.greet();
      idle.frame(RawConnection.PING, 0, 0, new byte[8]);

      assertThat(idle.readUntil(RawConnection.PING)).isNotNull();
    }
  }

  @Test
  void garbageEndsItsOwnConnectionOnly() throws Exception {
    var random = new Random(7);
    for (int i = 0; i < 20; i++) {
      try (var garbage = new RawConnection(facade.port())) {
        var bytes = new byte[random.nextInt(2000) + 100];
        random.nextBytes(bytes);
        if (i % 2 == 0) {
          garbage.greet();
        }
        garbage.write(bytes);
        assertServes(facade);
      }
    }
    try (var http = new RawConnection(facade.port())) {
      http.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));
      assertThat(http.readUntil(-1)).as("the connection is closed").isNull();
    }
  }

  @Test
  void aBodyThatIsNoMessageFailsAlone() {
    var failure = failure(() -> io.grpc.stub.ClientCalls.blockingUnaryCall(
        facade.channel(),
        RawCalls.method("dapr.proto.runtime.v1.Dapr/SaveState"),
        io.grpc.CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS),
        new byte[] {10, 100, 1}));

    failure.has(Code.INTERNAL, "the request is no SaveStateRequest");
    assertServes(facade);
  }

  @Test
  void slowCallersHoldNobodyUp() throws Exception {
    try (var silent = new RawConnection(facade.port());
        var halfGreeted = new RawConnection(facade.port());
        var halfSent = new RawConnection(facade.port())) {
      assertThat(silent).isNotNull();
      halfGreeted.write("PRI * HT".getBytes(US_ASCII));
      halfSent.greet();
      for (int stream = 1; stream < 200; stream += 2) {
        halfSent.begin(stream, "/dapr.proto.runtime.v1.Dapr/SaveState");
        // A message of 100 bytes, of which three come.
        halfSent.frame(RawConnection.DATA, 0, stream, new byte[] {0, 0, 0, 0, 100, 1, 2, 3});
      }

      for (int i = 0; i < 100; i++) {
        assertServes(facade);
      }
    }
  }
}
