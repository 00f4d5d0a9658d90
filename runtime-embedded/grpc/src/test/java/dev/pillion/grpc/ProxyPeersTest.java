// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.ShopProgram.GET;
import static dev.pillion.grpc.ShopProgram.LIST;
import static dev.pillion.grpc.ShopProgram.TALK;
import static dev.pillion.grpc.ShopProgram.key;
import static dev.pillion.grpc.TestFacade.failure;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.StringValue;
import dev.pillion.Registration;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.Resolution;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.runtime.v1.InvokeServiceRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From a facade over the wire between two runtimes to the program beside the other one. */
@Timeout(60)
class ProxyPeersTest {
  private final AtomicReference<List<PeerAddress>> addresses = new AtomicReference<>(List.of());
  private ShopProgram shop;
  private PeerPort peering;
  private EmbeddedRuntime orders;
  private TestFacade web;

  private final class Known implements NameResolverComponent {
    @Override
    public String type() {
      return "nameresolution.test";
    }

    @Override
    public void open(ComponentContext context) {}

    @Override
    public void probe(Deadline deadline) {}

    @Override
    public void close() {}

    @Override
    public Registration register(AppInstance self) {
      addresses.set(List.of(self.address()));
      return () -> {};
    }

    @Override
    public Resolution resolve(String appId, String namespace, Deadline deadline) {
      return appId.equals("orders")
          ? new Resolution(addresses.get(), Duration.ofMinutes(1))
          : Resolution.unknown();
    }
  }

  @BeforeEach
  void start() throws Exception {
    shop = ShopProgram.started();
    peering = PeerPort.finding(new Known());
    orders = EmbeddedRuntime.builder("orders")
        .environment(Map.of())
        .namespace("")
        .method("echo", byte[].class, bytes -> bytes)
        .with(peering)
        .with(GrpcApp.at(AppOptions.onPort(shop.port()).token("apps-token")))
        .start();
    addresses.set(List.of(peering.address));
    web = TestFacade.start(TestFacade.facade(), builder -> builder
        .namespace("")
        .resiliency(Resiliency.builder()
            .retry("twice", RetryPolicy.constant(Duration.ofMillis(1)).maxRetries(2))
            .app("orders", Target.withRetry("twice"))
            .build())
        .with(PeerPort.finding(new Known())));
  }

  @AfterEach
  void end() throws Exception {
    web.close();
    orders.close();
    shop.close();
  }

  private Channel channel(String... more) {
    var sent = TestFacade.header("dapr-app-id", "orders");
    for (int i = 0; i < more.length; i += 2) {
      sent.put(key(more[i]), more[i + 1]);
    }
    return ClientInterceptors.intercept(
        web.channel(), MetadataUtils.newAttachHeadersInterceptor(sent));
  }

  private static CallOptions options() {
    return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  private static String get(Channel channel, String id) {
    return ClientCalls.blockingUnaryCall(channel, GET, options(), StringValue.of(id))
        .getValue();
  }

  /** Golden value G13. */
  @Test
  void aCallArrivesWithWhoItIsFrom() {
    assertThat(get(channel("k", "v", "dapr-api-token", "callers", "dapr-caller-app-id", "x"), "7"))
        .isEqualTo("order 7");
    var arrived = shop.headers.get(0);
    assertThat(arrived.getAll(key("k"))).containsExactly("v");
    assertThat(arrived.getAll(key("dapr-caller-app-id"))).containsExactly("checkout");
    assertThat(arrived.getAll(key("dapr-callee-app-id"))).containsExactly("orders");
    assertThat(arrived.getAll(key("dapr-api-token"))).containsExactly("apps-token");
    assertThat(arrived.keys()).doesNotContain("dapr-app-id");
  }

  /** A runtime opens the port of peers last, when the program beside it is there already. */
  @Test
  void theProgramIsReachedWhereTheRuntimeOpensThePort() {
    try (var runtime = EmbeddedRuntime.builder("orders")
        .environment(Map.of())
        .component("names", new Known())
        .with(GrpcApp.at(AppOptions.onPort(shop.port()).token("apps-token")))
        .start()) {
      assertThat(addresses.get()).isNotEqualTo(List.of(peering.address));
      assertThat(get(channel(), "7")).isEqualTo("order 7");
      assertThat(runtime.appId()).isEqualTo("orders");
    }
    assertThat(shop.headers.get(0).getAll(key("dapr-caller-app-id"))).containsExactly("checkout");
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "true"})
  void aStreamComesWithItsEnd(String flag) {
    var got = new ArrayList<String>();
    failure(() -> ClientCalls.blockingServerStreamingCall(
                channel("dapr-stream", flag), LIST, options(), StringValue.of("broken"))
            .forEachRemaining(one -> got.add(one.getValue())))
        .has(Code.DATA_LOSS, "the rest is lost");
    assertThat(got).containsExactly("broken/0", "broken/1", "broken/2");
  }

  @Test
  void bothSidesTalkInTurn() throws Exception {
    var heard = new LinkedBlockingQueue<String>();
    var end = new CompletableFuture<Status>();
    var say = ClientCalls.asyncBidiStreamingCall(
        channel("dapr-stream", "true").newCall(TALK, options()), new StreamObserver<>() {
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
        });
    for (int i = 0; i < 3; i++) {
      say.onNext(StringValue.of("word " + i));
      assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("heard word " + i);
    }
    say.onCompleted();
    assertThat(end.get(30, TimeUnit.SECONDS).getCode()).isEqualTo(Code.OK);
  }

  @Test
  void policiesAreAroundTheCall() {
    shop.failures.set(2);
    assertThat(get(channel(), "7")).isEqualTo("order 7");
    assertThat(shop.asked).containsExactly("7", "7", "7");
    shop.failures.set(3);
    failure(() -> get(channel(), "8")).has(Code.UNAVAILABLE, "not now");
  }

  /** Once, without a policy: the first message goes along. */
  @Test
  void aWayThatLeadsNowhereIsLeftForAnother() throws Exception {
    int nobody = Ports.free();
    var there = addresses.get().get(0);
    addresses.set(List.of(new PeerAddress("127.0.0.1", nobody), there));
    for (int i = 0; i < 4; i++) {
      assertThat(get(channel("dapr-stream", "true"), "7")).isEqualTo("order 7");
    }
    assertThat(shop.asked).hasSize(4);
  }

  @Test
  void anAppThatIsNotWhereItShouldBeIsTold() throws Exception {
    int nobody = Ports.free();
    addresses.set(List.of(new PeerAddress("127.0.0.1", nobody)));
    var status = failure(() -> get(channel(), "7")).thrown().getStatus();
    assertThat(status.getCode()).isEqualTo(Code.UNAVAILABLE);
    assertThat(status.getDescription())
        .startsWith(
            "failed to proxy request, id: orders, err: nothing listens where the app should be: ");
  }

  @Test
  void anAppThatNobodyKnowsIsTold() {
    var headers = TestFacade.header("dapr-app-id", "nobody");
    var failed = RawCalls.failure(web.channel(), "shop.v1.Shop/Get", headers);
    assertThat(failed.thrown().getStatus().getCode()).isEqualTo(Code.INTERNAL);
    assertThat(failed.thrown().getStatus().getDescription())
        .startsWith("failed to proxy request, id: nobody, err: no app \"nobody\"");
  }

  private static InvokeServiceRequest request(String method) {
    return InvokeServiceRequest.newBuilder()
        .setId("orders")
        .setMessage(InvokeRequest.newBuilder()
            .setMethod(method)
            .setContentType("text/plain")
            .setHttpExtension(HTTPExtension.newBuilder().setVerb(HTTPExtension.Verb.POST))
            .setData(Any.newBuilder().setValue(ByteString.copyFromUtf8("a"))))
        .build();
  }

  @Test
  void invokeServiceGoesTheSameWay() {
    var headers = new AtomicReference<Metadata>();
    var dapr = web.dapr()
        .withInterceptors(
            MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    assertThat(dapr.invokeService(request("echo")).getData().getValue().toStringUtf8())
        .isEqualTo("a");
    assertThat(headers.get().get(key("dapr-http-status"))).isEqualTo("200");
    // The program serves no AppCallback, and says so itself.
    var failed = failure(() -> dapr.invokeService(request("other")));
    assertThat(failed.thrown().getStatus().getCode()).isEqualTo(Code.UNIMPLEMENTED);
  }
}
