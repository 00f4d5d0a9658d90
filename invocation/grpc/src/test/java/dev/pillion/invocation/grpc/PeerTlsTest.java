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
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        .issue("service", "spiffe://public/a/service")
        .issue("both", "spiffe://public/ns/default/web", "spiffe://public/ns/default/orders")
        .issueSigning("signing", "spiffe://public/ns/default/web")
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

  /** Dapr's sentry issues the last; what an operator brings may be any. */
  @ParameterizedTest
  @ValueSource(strings = {"RSA", "EC", "Ed25519"})
  void keysOfAllKindsProveIt(String algorithm, @TempDir Path other) throws Exception {
    var authority = new TestAuthority(other, algorithm)
        .issue("orders", "spiffe://public/ns/default/orders")
        .issue("web", "spiffe://public/ns/default/web");
    try (var callee = peer("orders", authority.tls("orders"));
        var web = peer("web", authority.tls("web"))) {
      ask(web, callee.peer());
      assertThat(seen.get()).contains(new CallerIdentity("public", "default", "web"));
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
        assertThat(failure)
            .hasMessageContaining(
                "somebody else: its certificate is of spiffe://public/ns/default/orders, not of /ns/"
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

  private Status.Code told(SslContextBuilder client) throws Exception {
    return told(
        GrpcSslContexts.configure(client).trustManager(ours.anchors().toFile()).build());
  }

  /** What a program is told that does not look at its own certificate. */
  private Status.Code told(SslContext context) throws Exception {
    var channel = NettyChannelBuilder.forAddress("127.0.0.1", orders.address().port())
        .sslContext(context)
        .overrideAuthority("orders")
        .build();
    try (var caller = new RawCaller(channel)) {
      return caller
          .call(RawCaller.first(RawCaller.head("GET", "x", "k", "v")))
          .status()
          .getCode();
    }
  }

  private static SslContextBuilder with(String name) {
    return SslContextBuilder.forClient()
        .keyManager(ours.certificate(name).toFile(), ours.key(name).toFile());
  }

  /** As SPIFFE says, and a daprd does. */
  @Test
  void aCertificateThatIsOfNoAppAloneIsNotBelieved() throws Exception {
    for (var name : new String[] {"nobody", "both", "signing", "service"}) {
      assertThat(told(with(name))).as(name).isEqualTo(Status.Code.UNAVAILABLE);
    }
    assertThat(seen.get()).isNull();
    assertThat(told(with("web"))).isEqualTo(Status.Code.OK);
  }

  /** A session that is resumed shows no certificate, and would outlive the one it began with. */
  @Test
  void whoComesAgainShowsItsCertificateAgain() throws Exception {
    var shown = new AtomicInteger();
    var context = SSLContext.getInstance("TLS");
    context.init(keyManagers("web"), new TrustManager[] {new Counting(shown)}, null);
    for (int i = 1; i <= 3; i++) {
      assertThat(staysOpen(context)).isTrue();
      assertThat(shown).hasValue(i);
    }
    var first = ours.tls("web").towards(orders.peer());
    assertThat(first.sessionContext()).as("those of a caller").isNotSameAs(first.sessionContext());
  }

  private static KeyManager[] keyManagers(String name) throws Exception {
    var pem = new PemFiles(ours.anchors(), ours.certificate(name), ours.key(name)).read();
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(name, pem.key(), new char[0], pem.chain().toArray(X509Certificate[]::new));
    var factory = KeyManagerFactory.getInstance("PKIX");
    factory.init(store, new char[0]);
    return factory.getKeyManagers();
  }

  /** Whether a connection outlives its handshake. */
  private boolean staysOpen(SSLContext context) throws Exception {
    var address = orders.address();
    try (var socket =
        (SSLSocket) context.getSocketFactory().createSocket(address.host(), address.port())) {
      var parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.setSoTimeout(500);
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
      return false;
    } catch (SocketTimeoutException e) {
      return true;
    } catch (SSLException | SocketException e) {
      return false;
    }
  }

  /** Believes anybody, and counts how often somebody had to be. */
  private record Counting(AtomicInteger shown) implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {
      shown.incrementAndGet();
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  @Test
  void withoutACertificateNobodyGetsThrough() throws Exception {
    assertThat(told(SslContextBuilder.forClient())).isEqualTo(Status.Code.UNAVAILABLE);
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
    var beside = orders.offer(new GrpcProxy.Beside(
        (context, metadata) -> new GrpcProxy.Admitted(toProgram, metadata, () -> {})));
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
        var another = peer("web", ours.tls("web"));
        var third = peer("web", ours.tls("web"))) {
      ask(web, rotating.peer());
      Files.writeString(live.resolve("app.key"), "half written");
      Files.setLastModifiedTime(
          live.resolve("app.key"), FileTime.from(Instant.now().plusSeconds(5)));
      ask(another, rotating.peer());
      // The key of the next certificate, which is there before that.
      Files.copy(ours.key("later"), live.resolve("app.key"), StandardCopyOption.REPLACE_EXISTING);
      Files.setLastModifiedTime(
          live.resolve("app.key"), FileTime.from(Instant.now().plusSeconds(7)));
      ask(third, rotating.peer());
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
    var another = PeerTls.fromFiles(ours.anchors(), ours.certificate("orders"), ours.key("web"));
    assertThatThrownBy(() -> peer("orders", another)).hasMessageContaining("is none of the");
  }
}
