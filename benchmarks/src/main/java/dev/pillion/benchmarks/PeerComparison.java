// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import com.google.protobuf.Any;
import com.google.protobuf.UnsafeByteOperations;
import dev.pillion.invocation.AppClient;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.grpc.GrpcPeers;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.runtime.v1.AppCallbackGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Calls of an app in another JVM beside a bare unary call of gRPC to the same JVM, both as their
 * libraries come: 1 KB there and back. Ours goes the whole way, from the client that programs hold
 * to the method that is registered.
 */
final class PeerComparison {
  private static final double MAX_P50_MICROS = 20;
  private static final double MAX_P99_MICROS = 100;
  private static final double MAX_SECURED_MICROS = 60;
  private static final double MIN_THROUGHPUT = 0.90;
  private static final int PER_SECOND = 1_000;
  private static final int OPEN_LOOP_SECONDS = 60;

  private PeerComparison() {}

  static void run(Results results) throws Exception {
    var certificates = Files.createTempDirectory("pillion-peers");
    issue(certificates, "caller", "echo");
    var process = new ProcessBuilder(
            System.getProperty("java.home") + "/bin/java",
            "-Xms512m",
            "-Xmx512m",
            "-cp",
            System.getProperty("java.class.path"),
            PeerProgram.class.getName(),
            certificates.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    try {
      compare(results, certificates, ports(process));
    } finally {
      process.destroy();
    }
  }

  private static Map<String, Integer> ports(Process process) throws IOException {
    var lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    var ports = new HashMap<String, Integer>();
    while (ports.size() < 4) {
      var line = lines.readLine();
      if (line == null) {
        throw new IOException("the other JVM has ended");
      }
      var parts = line.split("=", 2);
      if (parts.length == 2) {
        ports.put(parts[0], Integer.parseInt(parts[1]));
      }
    }
    return ports;
  }

  private static void compare(Results results, Path certificates, Map<String, Integer> ports)
      throws Exception {
    var channel = NettyChannelBuilder.forAddress("127.0.0.1", ports.get("bare"))
        .usePlaintext()
        .build();
    try (var runtime = EmbeddedRuntime.builder("caller").start();
        var plain = GrpcPeers.onPort(0);
        var secured = PeerProgram.secured(certificates, "caller");
        var tracing = Traced.start("caller");
        var both = PeerProgram.secured(certificates, "caller")) {
      var message = InvokeRequest.newBuilder()
          .setMethod(PeerProgram.ECHO)
          .setContentType("application/octet-stream")
          .setData(Any.newBuilder().setValue(UnsafeByteOperations.unsafeWrap(Values.KILOBYTE)))
          .build();
      var stub = AppCallbackGrpc.newBlockingStub(channel);
      Arm bare = (thread, count) -> AppChannelComparison.requireWhole(
          stub.onInvoke(message).getData().getValue().toByteArray());
      var overPlain = arm(app(runtime, plain, ports.get("plain")));
      var overTls = arm(app(runtime, secured, ports.get("secured")));
      var traced = arm(app(tracing, both, ports.get("traced")));
      for (int threads : new int[] {1, 8}) {
        add(
            results,
            "another JVM, %d callers".formatted(threads),
            MAX_P50_MICROS,
            new PairedRounds(threads, 16, 600).compare(overPlain, bare));
        add(
            results,
            "another JVM with mTLS, %d callers".formatted(threads),
            MAX_SECURED_MICROS,
            new PairedRounds(threads, 8, 600).compare(overTls, bare));
        add(
            results,
            "another JVM with mTLS and tracing, %d callers".formatted(threads),
            MAX_SECURED_MICROS,
            new PairedRounds(threads, 8, 600).compare(traced, bare));
      }
      openLoop(results, overPlain, bare);
    } finally {
      channel.shutdownNow();
    }
  }

  private static AppClient app(EmbeddedRuntime runtime, GrpcPeers peers, int port) {
    var engine = PeerProgram.engine(runtime);
    var self = PeerProgram.start(runtime, peers, engine);
    engine.reach(
        "static",
        new PeerProgram.OneAddress(new PeerAddress("127.0.0.1", port)),
        peers,
        self,
        "localhost");
    return engine.app(PeerProgram.ECHO);
  }

  private static Arm arm(AppClient app) {
    var request =
        InvocationRequest.post(PeerProgram.ECHO, "application/octet-stream", Values.KILOBYTE);
    return (thread, count) -> {
      try (var answer = app.exchange(request)) {
        AppChannelComparison.requireWhole(answer.body().readAllBytes());
      }
    };
  }

  private static void add(
      Results results, String what, double maxAdded, PairedRounds.Comparison c) {
    results.add(added(what + ", p50", c.oursP50Micros(), c.theirsP50Micros(), maxAdded));
    if (maxAdded == MAX_P50_MICROS) {
      results.add(added(what + ", p99", c.oursP99Micros(), c.theirsP99Micros(), MAX_P99_MICROS));
      results.add(new Row(
          "R4",
          what + ", throughput",
          Results.perSecond(c.oursPerSecond()),
          Results.perSecond(c.theirsPerSecond()),
          c.throughput().toString(),
          "at least " + MIN_THROUGHPUT,
          c.throughput().median() >= MIN_THROUGHPUT));
    }
  }

  private static Row added(String what, double ours, double theirs, double limit) {
    return new Row(
        "R4",
        what,
        Results.micros(ours),
        Results.micros(theirs) + " bare unary",
        String.format(Locale.ROOT, "%+.2f µs", ours - theirs),
        "at most +%.0f µs".formatted(limit),
        ours - theirs <= limit);
  }

  /** A call begins each millisecond, whatever became of the one before: as Dapr measures. */
  private static void openLoop(Results results, Arm ours, Arm bare) throws Exception {
    var theirs = openLoop(bare);
    var own = openLoop(ours);
    for (double percentile : new double[] {50, 99}) {
      results.add(added(
          "another JVM, %d calls a second for %d s, p%.0f"
              .formatted(PER_SECOND, OPEN_LOOP_SECONDS, percentile),
          own.getValueAtPercentile(percentile) / 1e3,
          theirs.getValueAtPercentile(percentile) / 1e3,
          percentile == 50 ? MAX_P50_MICROS : MAX_P99_MICROS));
    }
  }

  private static Histogram openLoop(Arm arm) throws Exception {
    var threads = 4;
    var histograms = new Histogram[threads];
    var callers = new Thread[threads];
    long begin = System.nanoTime();
    for (int i = 0; i < threads; i++) {
      int index = i;
      var latencies = new Histogram(3);
      histograms[i] = latencies;
      callers[i] = new Thread(() -> {
        long step = 1_000_000_000L / PER_SECOND;
        for (long n = index; n < (long) PER_SECOND * OPEN_LOOP_SECONDS; n += threads) {
          long due = begin + n * step;
          for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
          }
          long called = System.nanoTime();
          try {
            arm.call(index, n);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
          long ended = System.nanoTime();
          // A caller that is late because the call before was slow counts its waiting too.
          boolean late = called - due > step * threads;
          latencies.recordValue(ended - (late ? due : called));
        }
      });
      callers[i].start();
    }
    for (var caller : callers) {
      caller.join();
    }
    var all = new Histogram(3);
    for (var latencies : histograms) {
      all.add(latencies);
    }
    return all;
  }

  /** Certificates that are their own authorities, made by the JDK's own tool. */
  private static void issue(Path folder, String... apps) throws Exception {
    var store = folder.resolve("store.p12");
    var anchors = new StringBuilder();
    var password = "changeit";
    for (var app : apps) {
      var tool = new ProcessBuilder(List.of(
              System.getProperty("java.home") + "/bin/keytool",
              "-genkeypair",
              "-alias",
              app,
              "-keyalg",
              "EC",
              "-dname",
              "CN=" + app,
              "-ext",
              "san=uri:spiffe://public/ns/default/" + app,
              "-storetype",
              "PKCS12",
              "-keystore",
              store.toString(),
              "-storepass",
              password))
          .redirectErrorStream(true)
          .start();
      tool.getInputStream().readAllBytes();
      if (tool.waitFor() != 0) {
        throw new IOException("keytool made no certificate");
      }
      var keys = KeyStore.getInstance(store.toFile(), password.toCharArray());
      var certificate = pem("CERTIFICATE", keys.getCertificate(app).getEncoded());
      anchors.append(certificate);
      Files.writeString(folder.resolve(app + ".crt"), certificate);
      Files.writeString(
          folder.resolve(app + ".key"),
          pem("PRIVATE KEY", keys.getKey(app, password.toCharArray()).getEncoded()));
    }
    Files.writeString(folder.resolve("anchors.pem"), anchors);
  }

  private static String pem(String type, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(type, Base64.getMimeEncoder().encodeToString(der), type);
  }
}
