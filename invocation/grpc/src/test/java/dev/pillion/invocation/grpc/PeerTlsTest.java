// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.ComponentException;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.Peer;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who believes whom. */
class PeerTlsTest {
  @TempDir
  private static Path folder;

  private static TestAuthority ours;
  private static TestAuthority theirs;

  private final AtomicReference<Optional<CallerIdentity>> seen = new AtomicReference<>();
  private final TestPeer orders = peer("orders", ours.tls("orders"));

  @BeforeAll
  static void issue() throws Exception {
    ours = new TestAuthority(folder.resolve("ours"))
        .issue("orders", "spiffe://public/ns/default/orders")
        .issue("web", "spiffe://public/ns/default/web")
        .issue("later", "spiffe://later/ns/default/orders")
        .issue("elsewhere", "spiffe://public/ns/prod/orders")
        .issue("nobody", "")
        .issue("expired", "spiffe://public/ns/default/web", "-10d", 5);
    theirs = new TestAuthority(folder.resolve("theirs"))
        .issue("orders", "spiffe://public/ns/default/orders")
        .issue("web", "spiffe://public/ns/default/web");
  }

  private TestPeer peer(String appId, PeerTls tls) {
    return new TestPeer(
        GrpcPeers.onPort(0).insecurePeers("127.0.0.1").mutualTls(tls),
        appId,
        (request, invocation) -> {
          seen.set(invocation.caller());
          return InvocationResponse.of(200, Map.of(), "", request.body().open().readAllBytes());
        });
  }

  @AfterEach
  void stop() {
    orders.close();
  }

  private static void ask(TestPeer from, Peer to) throws Exception {
    var request =
        InvocationRequest.post("x", "", new byte[] {1}).withHeader("dapr-caller-app-id", "forged");
    try (var answer = from.ask(to, request)) {
      assertThat(answer.body().readAllBytes()).containsExactly(1);
    }
  }

  private static InvocationException refused(TestPeer from, Peer to) {
    return catchThrowableOfType(InvocationException.class, () -> ask(from, to));
  }

  @Test
  void theCallerIsWhomItsCertificateSays() throws Exception {
    try (var web = peer("web", ours.tls("web"))) {
      ask(web, orders.peer());
      assertThat(seen.get()).contains(new CallerIdentity("public", "default", "web"));
      assertThat(web.transport().describe()).isEqualTo("mTLS as spiffe://public/ns/default/web");
      assertThat(web.transport().provesCallers()).isTrue();
      orders.denies("for the test");
      assertThat(refused(web, orders.peer()))
          .hasMessageContaining("denied access to id: spiffe://public/ns/default/web");
    }
  }

  @Test
  void aPeerThatIsAnotherAppIsNotBelieved() throws Exception {
    try (var web = peer("web", ours.tls("web"))) {
      for (var wrong : new Peer[] {
        new Peer("payments", "default", orders.address()),
        new Peer("orders", "prod", orders.address())
      }) {
        var failure = refused(web, wrong);
        assertThat(failure.reason()).isEqualTo(Reason.NOT_LISTENING);
        assertThat(failure).hasMessageContaining("somebody else");
        assertThat(failure)
            .hasStackTraceContaining(
                "its certificate is of spiffe://public/ns/default/orders, not of /ns/"
                    + wrong.namespace() + "/" + wrong.appId());
      }
      assertThat(seen.get()).as("nothing was sent").isNull();
    }
  }

  @Test
  void aCertificateOfAnotherAuthorityIsBelievedByNobody() {
    try (var web = peer("web", theirs.tls("web"))) {
      assertThat(refused(web, orders.peer()).reason()).isEqualTo(Reason.NOT_LISTENING);
    }
    // It believes us, and we do not believe it.
    var mixed = PeerTls.fromFiles(ours.anchors(), theirs.certificate("web"), theirs.key("web"));
    try (var web = peer("web", mixed)) {
      assertThat(refused(web, orders.peer()).reason()).isIn(Reason.DENIED, Reason.CLOSED);
    }
    assertThat(seen.get()).isNull();
  }

  @Test
  void anExpiredCertificateIsNotBelieved() {
    try (var web = peer("web", ours.tls("expired"))) {
      assertThat(refused(web, orders.peer()).reason()).isIn(Reason.DENIED, Reason.CLOSED);
      assertThat(seen.get()).isNull();
    }
  }

  @Test
  void withoutACertificateNobodyGetsThrough() throws Exception {
    var context = GrpcSslContexts.configure(SslContextBuilder.forClient())
        .trustManager(ours.anchors().toFile())
        .build();
    var channel = NettyChannelBuilder.forAddress("127.0.0.1", orders.address().port())
        .sslContext(context)
        .overrideAuthority("orders")
        .build();
    try (var caller = new RawCaller(channel)) {
      assertThat(caller
              .call(RawCaller.first(RawCaller.head("GET", "x", "k", "v")))
              .status()
              .getCode())
          .isEqualTo(Status.Code.UNAVAILABLE);
    }
    try (var caller = new RawCaller(orders.address())) {
      assertThat(caller
              .call(RawCaller.first(RawCaller.head("GET", "x", "k", "v")))
              .status()
              .getCode())
          .as("plaintext")
          .isEqualTo(Status.Code.UNAVAILABLE);
    }
    try (var plaintext = TestPeer.caller()) {
      assertThat(refused(plaintext, orders.peer()).reason()).isIn(Reason.CLOSED, Reason.GARBAGE);
    }
    assertThat(seen.get()).isNull();
  }

  private ManagedChannel toOrders(String certificate) {
    return NettyChannelBuilder.forAddress("127.0.0.1", orders.address().port())
        .sslContext(ours.tls(certificate).towards(orders.peer()))
        .build();
  }

  @Test
  void aCertificateThatSaysNoAppIsBelievedByNobody() throws Exception {
    try (var nobody = new RawCaller(toOrders("nobody"))) {
      var head = RawCaller.head("GET", "x", "dapr-caller-app-id", "web");
      assertThat(nobody.call(RawCaller.first(head)).status().getCode())
          .isEqualTo(Status.Code.UNAVAILABLE);
    }
    try (var web = new RawCaller(toOrders("web"))) {
      var head = RawCaller.head("GET", "x", "dapr-caller-app-id", "web");
      assertThat(web.call(RawCaller.first(head)).status().isOk()).isTrue();
    }
    assertThat(seen.get()).contains(new CallerIdentity("public", "default", "web"));
  }

  @Test
  void theProgramBesideIsToldByWhomItsCallsAreProven() throws Exception {
    var arrived = new AtomicReference<>(new Metadata());
    var rpc = MethodDescriptor.newBuilder(RawMessage.MARSHALLER, RawMessage.MARSHALLER)
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName("shop.v1.Shop/Get")
        .build();
    var shop = ServerServiceDefinition.builder("shop.v1.Shop")
        .addMethod(rpc, (call, metadata) -> {
          arrived.set(metadata);
          call.close(Status.NOT_FOUND, new Metadata());
          return new ServerCall.Listener<>() {};
        })
        .build();
    var program = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
        .directExecutor()
        .addService(shop)
        .build()
        .start();
    var toProgram = NettyChannelBuilder.forAddress("127.0.0.1", program.getPort())
        .usePlaintext()
        .build();
    var beside =
        orders.offer(new GrpcProxy.Beside(() -> Optional.of(new GrpcProxy.Program(toProgram, ""))));
    var toOrders = toOrders("web");
    try {
      var said = new Metadata();
      said.put(key("dapr-callee-app-id"), "orders");
      said.put(key("dapr-caller-app-id"), "admin");
      said.put(key("dapr-caller-app-id"), "root");
      said.put(key("dapr-caller-namespace"), "kube-system");
      assertThat(catchThrowableOfType(
                  StatusRuntimeException.class,
                  () -> ClientCalls.blockingUnaryCall(
                      ClientInterceptors.intercept(
                          toOrders, MetadataUtils.newAttachHeadersInterceptor(said)),
                      rpc,
                      CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
                      new byte[0]))
              .getStatus()
              .getCode())
          .isEqualTo(Status.Code.NOT_FOUND);
      assertThat(arrived.get().getAll(key("dapr-caller-app-id"))).containsExactly("web");
      assertThat(arrived.get().getAll(key("dapr-callee-app-id"))).containsExactly("orders");
      assertThat(arrived.get().containsKey(key("dapr-caller-namespace"))).isFalse();
    } finally {
      beside.close();
      toOrders.shutdownNow();
      toProgram.shutdownNow();
      program.shutdownNow();
    }
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  @Test
  void certificatesAreReplacedWhileThePeersRun(@TempDir Path live) throws Exception {
    copy("orders", live, 0);
    var tls =
        PeerTls.fromFiles(live.resolve("ca.crt"), live.resolve("app.crt"), live.resolve("app.key"));
    try (var rotating = peer("orders", tls);
        var web = peer("web", ours.tls("web"));
        var another = peer("web", ours.tls("web"))) {
      ask(web, rotating.peer());
      Files.writeString(live.resolve("app.key"), "half written");
      Files.setLastModifiedTime(
          live.resolve("app.key"), FileTime.from(Instant.now().plusSeconds(5)));
      ask(another, rotating.peer());
      copy("elsewhere", live, 10);
      ask(web, rotating.peer());
      try (var fresh = peer("web", ours.tls("web"))) {
        assertThat(refused(fresh, rotating.peer()).reason())
            .as("it is another app now, for connections made since")
            .isEqualTo(Reason.NOT_LISTENING);
        ask(fresh, new Peer("orders", "prod", rotating.address()));
        copy("later", live, 20);
        try (var afterwards = peer("web", ours.tls("web"))) {
          ask(afterwards, rotating.peer());
        }
      }
    }
  }

  private static void copy(String name, Path live, int age) throws Exception {
    Files.copy(ours.anchors(), live.resolve("ca.crt"), StandardCopyOption.REPLACE_EXISTING);
    Files.copy(
        ours.certificate(name), live.resolve("app.crt"), StandardCopyOption.REPLACE_EXISTING);
    Files.copy(ours.key(name), live.resolve("app.key"), StandardCopyOption.REPLACE_EXISTING);
    for (var file : new String[] {"ca.crt", "app.crt", "app.key"}) {
      Files.setLastModifiedTime(live.resolve(file), FileTime.from(Instant.now().plusSeconds(age)));
    }
  }

  @Test
  void aCertificateOfAnotherAppIsRefusedAtTheStart() {
    assertThatThrownBy(() -> peer("payments", ours.tls("orders")))
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("is spiffe://public/ns/default/orders, not this app");
    assertThatThrownBy(() -> peer("orders", ours.tls("nobody")))
        .isInstanceOf(ComponentException.class)
        .hasMessageContaining("has no SPIFFE id");
  }

  @Test
  void filesThatCanNotBeUsedAreNamed() {
    var missing = PeerTls.fromFiles(ours.anchors(), Path.of("/nowhere.crt"), ours.key("orders"));
    assertThatThrownBy(() -> peer("orders", missing)).hasMessageContaining("/nowhere.crt");
    var noKey =
        PeerTls.fromFiles(ours.anchors(), ours.certificate("orders"), ours.certificate("orders"));
    assertThatThrownBy(() -> peer("orders", noKey)).hasMessageContaining("PKCS #8");
  }
}
