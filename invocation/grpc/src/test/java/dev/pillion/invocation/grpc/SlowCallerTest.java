// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.invocation.InvocationResponse;
import dev.pillion.testkit.ManualTime;
import dev.pillion.wire.internals.v1.InternalInvokeRequestStream;
import dev.pillion.wire.internals.v1.InternalInvokeResponseStream;
import dev.pillion.wire.internals.v1.ServiceInvocationGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A caller that stays connected, has no deadline, and reads an answer slowly or not at all. */
@Timeout(60)
class SlowCallerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ManualTime time = new ManualTime();
  private final AtomicLong poured = new AtomicLong();
  private final CountDownLatch givenUp = new CountDownLatch(1);
  private final TestPeer orders = new TestPeer(
      GrpcPeers.onPort(0),
      "orders",
      time,
      (request, invocation) ->
          new InvocationResponse(200, "", Map.of(), Map.of(), "", new Endless()));
  private final int idle = time.pending();
  private final RawCaller caller = new RawCaller(orders.address());
  private final CompletableFuture<Status> ended = new CompletableFuture<>();
  private final ClientCall<InternalInvokeRequestStream, InternalInvokeResponseStream> call = caller
      .channel()
      .newCall(ServiceInvocationGrpc.getCallLocalStreamMethod(), CallOptions.DEFAULT);

  /** What holds a slot until it is closed. */
  private final class Endless extends InputStream {
    @Override
    public int read() {
      return 1;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      poured.addAndGet(length);
      return length;
    }

    @Override
    public void close() {
      givenUp.countDown();
    }
  }

  @BeforeEach
  void ask() {
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.complete(status);
          }
        },
        new Metadata());
    call.sendMessage(RawCaller.first(RawCaller.head("GET", "all", "x", "y")));
    call.halfClose();
  }

  @AfterEach
  void close() {
    call.cancel("the test has ended", null);
    caller.close();
    orders.close();
  }

  /** Until nothing more fits between the two: before, the answer waits for moments only. */
  private void stuck() {
    var last = new AtomicLong(-1);
    await()
        .during(Duration.ofMillis(400))
        .atMost(PATIENCE)
        .until(() -> time.pending() == idle + 1 && poured.get() == last.getAndSet(poured.get()));
  }

  @Test
  void isCutWhenItHasTakenNothingForAMinute() throws Exception {
    stuck();
    time.advance(ServedFrames.PATIENCE.minusNanos(1));
    assertThat(givenUp.getCount()).isOne();
    time.advance(Duration.ofNanos(1));
    assertThat(givenUp.await(10, TimeUnit.SECONDS)).as("its slot is free").isTrue();
    assertThat(ended).isNotDone();
    call.request(Integer.MAX_VALUE);
    var status = ended.get(10, TimeUnit.SECONDS);
    assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(status.getDescription()).isEqualTo("the caller took nothing of the answer for 60 s");
  }

  @Test
  void isWaitedForWhileItTakesSomething() throws Exception {
    for (int i = 0; i < 3; i++) {
      stuck();
      time.advance(ServedFrames.PATIENCE.minusSeconds(1));
      assertThat(givenUp.getCount()).isOne();
      long before = poured.get();
      call.request(20);
      await().atMost(PATIENCE).until(() -> poured.get() > before);
    }
    stuck();
    assertThat(ended).isNotDone();
    call.cancel("enough", null);
    assertThat(givenUp.await(10, TimeUnit.SECONDS)).isTrue();
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(time.pending()).isEqualTo(idle));
  }
}
