// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.ShopProgram.GET;
import static dev.pillion.grpc.ShopProgram.TALK;
import static dev.pillion.grpc.ShopProgram.key;
import static dev.pillion.grpc.TestFacade.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.StringValue;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.http.HttpApp;
import dev.pillion.invocation.AccessPolicy;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import dev.pillion.testservers.FaultProxy;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.internals.v1.APIVersion;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import dev.pillion.wire.internals.v1.ListStringValue;
import dev.pillion.wire.internals.v1.ServiceInvocationGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a peer calls of the program beside a runtime is under the rules of the program's channel.
 */
@Timeout(60)
class PeerCallsTest {
  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private final List<Call> entered = new CopyOnWriteArrayList<>();
  private final List<String> left = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final PeerPort port = PeerPort.alone();

  /** Sees inbound calls of the app, and gives each a trace of its own. */
  private final class Watching implements CallInterceptor {
    @Override
    public boolean appliesTo(Call call) {
      return call.block().equals("invocation") && call.direction() == Call.Direction.INBOUND;
    }

    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      entered.add(call);
      String end = "ok";
      try {
        return next.run(call.with(call.context().with(Map.of("traceparent", TRACE))));
      } catch (Exception e) {
        end = e.getClass().getSimpleName();
        throw e;
      } finally {
        left.add(end);
      }
    }
  }

  @AfterEach
  void end() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  private <C extends AutoCloseable> C opened(C closeable) {
    open.add(closeable);
    return closeable;
  }

  private void orders(Extension app) {
    orders(app, builder -> builder);
  }

  private void orders(Extension app, UnaryOperator<EmbeddedRuntime.Builder> more) {
    opened(more.apply(EmbeddedRuntime.builder("orders")
            .environment(Map.of())
            .namespace("")
            .interceptor(new Watching())
            .with(app)
            .with(port))
        .start());
  }

  private ManagedChannel peer(int at) {
    var channel = NettyChannelBuilder.forAddress("127.0.0.1", at).usePlaintext().build();
    opened(channel::shutdownNow);
    return channel;
  }

  private ManagedChannel peer() {
    return peer(port.address.port());
  }

  private static Channel proxied(ManagedChannel peer) {
    return ClientInterceptors.intercept(
        peer,
        MetadataUtils.newAttachHeadersInterceptor(
            TestFacade.header("dapr-callee-app-id", "orders")));
  }

  private static String get(Channel channel, String id) {
    return ClientCalls.blockingUnaryCall(
            channel,
            GET,
            CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS),
            StringValue.of(id))
        .getValue();
  }

  private static InternalInvokeResponse invoke(ManagedChannel peer) {
    return ServiceInvocationGrpc.newBlockingStub(peer)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .callLocal(request());
  }

  private static InternalInvokeRequest request() {
    return InternalInvokeRequest.newBuilder()
        .setVer(APIVersion.V1)
        .putMetadata("k", ListStringValue.newBuilder().addValues("v").build())
        .setMessage(InvokeRequest.newBuilder()
            .setMethod("pay")
            .setHttpExtension(HTTPExtension.newBuilder().setVerb(HTTPExtension.Verb.POST)))
        .build();
  }

  // ---- services of the program's own

  /** A call that lasts until it is told to end. */
  private static final class Talk implements StreamObserver<StringValue> {
    final LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();
    final StreamObserver<StringValue> say;

    Talk(Channel channel) throws Exception {
      say = ClientCalls.asyncBidiStreamingCall(channel.newCall(TALK, CallOptions.DEFAULT), this);
      say.onNext(StringValue.of("hello"));
      assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("heard hello");
    }

    @Override
    public void onNext(StringValue word) {
      heard.add(word.getValue());
    }

    @Override
    public void onError(Throwable failure) {
      end.complete(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }
  }

  @Test
  void aProxiedCallHoldsASlotAsLongAsItLasts() throws Exception {
    var shop = opened(ShopProgram.started());
    orders(GrpcApp.at(AppOptions.onPort(shop.port()).maxConcurrency(1)));
    var channel = proxied(peer());
    var talk = new Talk(channel);
    var late = failure(() -> ClientCalls.blockingUnaryCall(
        channel,
        GET,
        CallOptions.DEFAULT.withDeadlineAfter(500, TimeUnit.MILLISECONDS),
        StringValue.of("7")));
    assertThat(late.thrown().getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
    assertThat(shop.asked).as("its slot is taken").isEmpty();
    talk.say.onCompleted();
    assertThat(talk.end.get(30, TimeUnit.SECONDS).isOk()).isTrue();
    assertThat(get(channel, "8")).isEqualTo("order 8");
    assertThat(shop.asked).containsExactly("8");
  }

  @Test
  void theSlotOfACallerThatIsCutOffIsFree() throws Exception {
    var shop = opened(ShopProgram.started());
    orders(GrpcApp.at(AppOptions.onPort(shop.port()).maxConcurrency(1)));
    var network = opened(FaultProxy.to("127.0.0.1", port.address.port()));
    new Talk(proxied(peer(network.port())));
    network.cut();
    assertThat(shop.cancelled.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(get(proxied(peer()), "8")).isEqualTo("order 8");
  }

  @Test
  void anUnhealthyProgramIsNotAskedWhicheverWayAPeerCalls() throws Exception {
    // It serves no health check, which is no health.
    var shop = opened(ShopProgram.started());
    orders(GrpcApp.at(AppOptions.onPort(shop.port()).healthCheck(AppOptions.HealthCheck.DEFAULT)));
    var asked = failure(() -> get(proxied(peer()), "7")).thrown().getStatus();
    assertThat(asked.getCode()).isEqualTo(Code.INTERNAL);
    assertThat(asked.getDescription())
        .startsWith("error invoking app channel: app is not in a healthy state: ");
    var invoked = failure(() -> invoke(peer())).thrown().getStatus();
    assertThat(invoked.getCode()).isEqualTo(Code.INTERNAL);
    assertThat(invoked.getDescription()).startsWith("error invoking app channel: app is not in a");
    assertThat(shop.asked).isEmpty();
  }

  @Test
  void aProxiedCallIsOneInboundCallAndItsTraceGoesOn() throws Exception {
    var shop = opened(ShopProgram.started());
    orders(GrpcApp.at(AppOptions.onPort(shop.port()).token("apps-token")));
    assertThat(get(proxied(peer()), "7")).isEqualTo("order 7");
    await().untilAsserted(() -> assertThat(left).containsExactly("ok"));
    assertThat(entered).singleElement().satisfies(call -> {
      assertThat(call.target()).isEqualTo("orders");
      assertThat(call.operation()).isEqualTo("invoke");
      assertThat(call.context().instance()).isEqualTo("/shop.v1.Shop/Get");
    });
    assertThat(shop.headers.get(0).get(key("traceparent"))).isEqualTo(TRACE);
    assertThat(shop.headers.get(0).get(key("dapr-api-token"))).isEqualTo("apps-token");
    shop.failures.set(1);
    failure(() -> get(proxied(peer()), "8")).has(Code.UNAVAILABLE, "not now");
    await().untilAsserted(() -> assertThat(left).containsExactly("ok", "ProxyFailure"));
  }

  @Test
  void aProxiedCallThatIsDeniedIsNoCall() throws Exception {
    var shop = opened(ShopProgram.started());
    orders(
        GrpcApp.onPort(shop.port()), builder -> builder.accessPolicy(AccessPolicy.denyByDefault()));
    var denied = failure(() -> get(proxied(peer()), "7")).thrown().getStatus();
    assertThat(denied.getCode()).isEqualTo(Code.PERMISSION_DENIED);
    assertThat(entered).isEmpty();
    assertThat(shop.headers).isEmpty();
  }

  // ---- OnInvoke

  /** A program that works until the test lets it end, and may see that nobody waits any more. */
  private final class Working {
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch go = new CountDownLatch(1);
    final CountDownLatch cancelled = new CountDownLatch(1);
    final CallbackProgram program = opened(CallbackProgram.started());

    Working() throws Exception {
      program.handler = this::work;
      opened(go::countDown);
    }

    private InvokeResponse work(InvokeRequest request) {
      Context.current().addListener(context -> cancelled.countDown(), Runnable::run);
      reached.countDown();
      Gates.await(go);
      return CallbackProgram.answer("done");
    }
  }

  private static CompletableFuture<Status> invoking(ManagedChannel peer) {
    var end = new CompletableFuture<Status>();
    ServiceInvocationGrpc.newStub(peer).callLocal(request(), new StreamObserver<>() {
      @Override
      public void onNext(InternalInvokeResponse answer) {}

      @Override
      public void onError(Throwable failure) {
        end.complete(Status.fromThrowable(failure));
      }

      @Override
      public void onCompleted() {
        end.complete(Status.OK);
      }
    });
    return end;
  }

  @Test
  void aProgramIsLeftToFinishWhatAPeerAskedForWhoHasGone() throws Exception {
    var working = new Working();
    orders(GrpcApp.at(AppOptions.onPort(working.program.port).maxConcurrency(1)));
    var network = opened(FaultProxy.to("127.0.0.1", port.address.port()));
    var gone = invoking(peer(network.port()));
    Gates.await(working.reached);
    network.cut();
    assertThat(gone.get(30, TimeUnit.SECONDS).getCode()).isEqualTo(Code.UNAVAILABLE);
    await("it is not told")
        .during(Duration.ofMillis(500))
        .until(() -> working.cancelled.getCount() == 1);
    var next = invoking(peer());
    await("its slot is still its own")
        .during(Duration.ofMillis(200))
        .until(() -> working.program.requests.size() == 1);
    working.go.countDown();
    assertThat(next.get(30, TimeUnit.SECONDS).isOk()).isTrue();
    assertThat(working.program.requests).hasSize(2);
  }

  @Test
  void aPeerThatHasGoneBeforeItsTurnIsNotPassedOn() throws Exception {
    var working = new Working();
    orders(GrpcApp.at(AppOptions.onPort(working.program.port).maxConcurrency(1)));
    var first = invoking(peer());
    Gates.await(working.reached);
    var network = opened(FaultProxy.to("127.0.0.1", port.address.port()));
    var waiting = invoking(peer(network.port()));
    await().until(() -> entered.size() == 2);
    network.cut();
    assertThat(waiting.get(30, TimeUnit.SECONDS).getCode()).isEqualTo(Code.UNAVAILABLE);
    await("it waits no more").untilAsserted(() -> assertThat(left).hasSize(1));
    working.go.countDown();
    assertThat(first.get(30, TimeUnit.SECONDS).isOk()).isTrue();
    assertThat(invoke(peer()).getStatus().getCode()).isZero();
    assertThat(working.program.requests).hasSize(2);
  }

  /** An interrupt of a limit of time is not held back: a call with a deadline ends at it. */
  @Test
  void aPeersDeadlineEndsTheCallOfTheProgram() throws Exception {
    var working = new Working();
    orders(GrpcApp.at(AppOptions.onPort(working.program.port)));
    StatusRuntimeException late = failure(() -> ServiceInvocationGrpc.newBlockingStub(peer())
            .withDeadlineAfter(500, TimeUnit.MILLISECONDS)
            .callLocal(request()))
        .thrown();
    assertThat(late.getStatus().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
    Gates.await(working.cancelled);
    await("nobody works for it any more").untilAsserted(() -> assertThat(left).hasSize(1));
  }

  @Test
  void overHttpTheExchangeOfAPeerWhoHasGoneIsEnded() throws Exception {
    var listening = opened(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    orders(HttpApp.at(AppOptions.onPort(listening.getLocalPort())));
    var network = opened(FaultProxy.to("127.0.0.1", port.address.port()));
    var seen = new CompletableFuture<Boolean>();
    var asked = new CountDownLatch(1);
    new Thread(() -> seen.complete(readsToItsEnd(listening, asked))).start();
    invoking(peer(network.port()));
    Gates.await(asked);
    network.cut();
    assertThat(seen.get(30, TimeUnit.SECONDS)).isTrue();
  }

  /** A program that answers nothing. Connections without a request only look whether it listens. */
  private static boolean readsToItsEnd(ServerSocket listening, CountDownLatch asked) {
    while (true) {
      try (var socket = listening.accept()) {
        var in = socket.getInputStream();
        if (in.read() < 0) {
          continue;
        }
        asked.countDown();
        in.transferTo(OutputStream.nullOutputStream());
        return true;
      } catch (IOException e) {
        if (listening.isClosed()) {
          return false;
        }
        return asked.getCount() == 0;
      }
    }
  }
}
