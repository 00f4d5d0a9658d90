// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.grpc.GrpcApp;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.http.HttpApp;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.PublishOptions;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testservers.Ports;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Has events with a program that uses a Dapr SDK: it subscribes to {@code orders}, and publishes to
 * {@code seen} what it was given. The arguments are how it subscribes ({@code grpc}, {@code http},
 * {@code http-bulk}, {@code stream}), the file for its output, then its command line; the last line
 * printed is {@code N passed, N failed}. With {@code http-bulk} it has batches of {@code batches},
 * too.
 */
public final class EventPeers implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String PUBSUB = "pubsub";
  private static final PublishOptions JSON =
      PublishOptions.defaults().contentType("application/json");

  private final File log;
  private final List<String> command;
  private final int port;
  private final GrpcFacade facade = GrpcFacade.onPort(0);
  private final EmbeddedRuntime runtime;
  private final HttpServer health;
  private @Nullable Process program;
  private int passed;
  private int failed;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<String> seen = new ArrayList<>();

  private EventPeers(String kind, File log, List<String> command) throws IOException {
    this.log = log;
    this.command = command;
    this.port = Ports.free();
    var builder = EmbeddedRuntime.builder("eventpeers")
        .environment(Map.of())
        .drainTimeout(Duration.ofSeconds(1))
        .component(PUBSUB, InMemoryPubSub.create())
        .with(facade);
    if (kind.equals("grpc")) {
      builder.with(GrpcApp.at(AppOptions.onPort(port)));
    } else if (kind.startsWith("http")) {
      builder.with(HttpApp.at(AppOptions.onPort(port)));
    }
    runtime = builder.start();
    for (var topic : List.of("seen", "texts")) {
      runtime.subscribe(
          PUBSUB, topic, byte[].class, SubscribeOptions.defaults(), (event, delivery) -> {
            add(topic, event);
            return DeliveryResult.SUCCESS;
          });
    }
    // All that Python's client asks over HTTP.
    health = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    health.createContext("/v1.0/healthz/outbound", exchange -> {
      exchange.sendResponseHeaders(204, -1);
      exchange.close();
    });
    health.start();
  }

  /** Runs all checks; the exit status is 1 when one failed. */
  public static void main(String[] arguments) throws Exception {
    int failures;
    var words = List.of(arguments);
    try (var peers =
        new EventPeers(words.get(0), new File(words.get(1)), words.subList(2, words.size()))) {
      peers.checkAll();
      if (words.get(0).endsWith("-bulk")) {
        peers.checkBatches();
      }
      System.out.println(peers.passed + " passed, " + peers.failed + " failed");
      failures = peers.failed;
    }
    System.exit(failures == 0 ? 0 : 1);
  }

  private void checkAll() {
    check("subscribes", () -> {
      start();
      subscribed("orders", 0);
    });
    check("publishes what it is given, which has its digits", () -> {
      publish("{\"n\":1,\"large\":4503599627370497}");
      await("seen {\"large\":4503599627370497,\"n\":1}", 1);
    });
    check("asks for another attempt and gets it", () -> {
      publish("{\"n\":2,\"do\":\"retry\"}");
      await("seen {\"n\":2}", 2);
    });
    check("drops an event", () -> {
      publish("{\"n\":3,\"do\":\"drop\"}");
      await("seen {\"n\":3}", 1);
      publish("{\"n\":4}");
      await("seen {\"n\":4}", 1);
      require(count("seen {\"n\":3}") == 1, "it came again");
    });
    check("publishes text", () -> {
      publish("{\"n\":5,\"do\":\"text\"}");
      await("texts grüße", 1);
    });
    check("publishes in bulk", () -> {
      publish("{\"n\":6,\"do\":\"bulk\"}");
      await("seen {\"n\":6,\"part\":1}", 1);
      await("seen {\"n\":6,\"part\":2}", 1);
    });
    check("is killed, and comes back for what is new", () -> {
      var running = program;
      if (running != null) {
        running.destroyForcibly().waitFor();
      }
      start();
      subscribed("orders", 100);
    });
    check("takes many", () -> {
      for (int i = 1000; i < 1050; i++) {
        publish("{\"n\":" + i + "}");
      }
      for (int i = 1000; i < 1050; i++) {
        await("seen {\"n\":" + i + "}", 1);
      }
    });
  }

  private void checkBatches() {
    check("takes a batch, and says of each event what becomes of it", () -> {
      subscribed("batches", 200);
      runtime.topic(PUBSUB, "batches").bulk(events -> {
        for (var json :
            List.of("{\"n\":10}", "{\"n\":11,\"do\":\"retry\"}", "{\"n\":12,\"do\":\"drop\"}")) {
          events.publish(json.getBytes(UTF_8), JSON);
        }
      });
      await("seen {\"n\":11}", 2);
      await("seen {\"n\":10}", 1);
      await("seen {\"n\":12}", 1);
      publish("batches", "{\"n\":13}");
      await("seen {\"n\":13}", 1);
      require(count("seen {\"n\":10}") == 1, "one that succeeded came again");
      require(count("seen {\"n\":12}") == 1, "one that was dropped came again");
    });
  }

  private interface Body {
    void run() throws Exception;
  }

  private void check(String what, Body body) {
    try {
      body.run();
      passed++;
    } catch (Exception | AssertionError e) {
      failed++;
      System.out.println("failed: " + what + ": " + e);
    }
  }

  private static void require(boolean holds, Object found) {
    if (!holds) {
      throw new AssertionError("found " + found);
    }
  }

  private void start() throws IOException {
    var builder = new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    var environment = builder.environment();
    environment.put("APP_PORT", Integer.toString(port));
    environment.put("DAPR_GRPC_PORT", Integer.toString(facade.port()));
    environment.put("DAPR_GRPC_ENDPOINT", "127.0.0.1:" + facade.port());
    environment.put(
        "DAPR_HTTP_ENDPOINT", "http://127.0.0.1:" + health.getAddress().getPort());
    program = builder.start();
  }

  /** A topic without a group keeps nothing: events are published until one has been seen. */
  private void subscribed(String topic, int from) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    int n = -1 - from;
    while (System.nanoTime() < until) {
      n--;
      publish(topic, "{\"n\":" + n + "}");
      var expected = "seen {\"n\":" + n + "}";
      if (waited(expected, 1, Duration.ofMillis(500))) {
        return;
      }
    }
    throw new AssertionError("the program has not subscribed; seen " + seenSoFar());
  }

  private void publish(String json) {
    publish("orders", json);
  }

  private void publish(String topic, String json) {
    runtime.topic(PUBSUB, topic).publish(json.getBytes(UTF_8), JSON);
  }

  private void add(String topic, CloudEvent<byte[]> event) {
    byte[] data = event.data();
    lock.lock();
    try {
      seen.add(topic + " " + (data == null ? "" : new String(data, UTF_8)));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void await(String expected, int times) throws InterruptedException {
    require(waited(expected, times, PATIENCE), seenSoFar() + ", not " + expected);
  }

  private boolean waited(String expected, int times, Duration patience)
      throws InterruptedException {
    long left = patience.toNanos();
    lock.lock();
    try {
      while (count(expected) < times && left > 0) {
        left = changed.awaitNanos(Math.min(left, TimeUnit.SECONDS.toNanos(60)));
      }
      return count(expected) >= times;
    } finally {
      lock.unlock();
    }
  }

  private long count(String expected) {
    lock.lock();
    try {
      return seen.stream().filter(expected::equals).count();
    } finally {
      lock.unlock();
    }
  }

  private List<String> seenSoFar() {
    lock.lock();
    try {
      return List.copyOf(seen);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws InterruptedException {
    if (program != null) {
      program.destroyForcibly().waitFor();
    }
    runtime.close();
    health.stop(0);
  }
}
