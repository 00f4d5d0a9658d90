// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.pillion.appchannel.AppChannel;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.runtime.EmbeddedRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Bodies that no memory holds, both ways. */
class HttpStreamsTest {
  private static final long LARGE = 256L * 1024 * 1024;

  /** Buffers of two sockets, of the client and of the streams; far below the body. */
  private static final long IN_FLIGHT = 32L * 1024 * 1024;

  private HttpServer app;
  private ExecutorService workers;
  private final AtomicLong received = new AtomicLong();
  private final AtomicLong written = new AtomicLong();
  private final CountDownLatch gate = new CountDownLatch(1);

  @BeforeEach
  void startTheApp() throws IOException {
    workers = Executors.newCachedThreadPool();
    app = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    app.setExecutor(workers);
    app.createContext("/swallow", exchange -> {
      var buffer = new byte[8192];
      for (int n = exchange.getRequestBody().read(buffer);
          n >= 0;
          n = exchange.getRequestBody().read(buffer)) {
        received.addAndGet(n);
        if (received.get() > 1_000_000) {
          pass(gate);
        }
      }
      exchange.sendResponseHeaders(204, -1);
      exchange.close();
    });
    app.createContext("/pour", exchange -> {
      exchange.sendResponseHeaders(200, LARGE);
      var block = new byte[8192];
      try (var out = exchange.getResponseBody()) {
        for (long sent = 0; sent < LARGE; sent += block.length) {
          out.write(block);
          written.addAndGet(block.length);
        }
      }
    });
    app.start();
  }

  private static void pass(CountDownLatch gate) {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @AfterEach
  void stopTheApp() {
    gate.countDown();
    app.stop(0);
    workers.shutdownNow();
  }

  private AppChannel channel(int port) {
    return HttpApp.at(Asking.options(port).maxBodySize(Integer.MAX_VALUE));
  }

  @Test
  void aRequestIsReadOnlyAsFastAsTheProgramTakesIt() throws Exception {
    var source = new Counted(LARGE);
    try (var asking = new Asking(channel(app.getAddress().getPort()))) {
      var caller = workers.submit(
          () -> asking.ask(Asking.request("POST", "swallow", "", Map.of(), Body.of(source, -1))));
      await("the program stops reading")
          .atMost(Asking.PATIENCE)
          .until(() -> received.get() > 1_000_000);
      // What is read meanwhile ends up in buffers, and those are full before long.
      await("the source is left alone")
          .during(java.time.Duration.ofMillis(100))
          .atMost(Asking.PATIENCE)
          .until(source::isUnchangedSinceLastAsked);
      assertThat(source.read.get()).isLessThan(IN_FLIGHT);
      gate.countDown();
      try (var answer = caller.get()) {
        assertThat(answer.status()).isEqualTo(204);
      }
      assertThat(received).hasValue(LARGE);
    }
  }

  @Test
  void anAnswerIsTakenOnlyAsFastAsItIsRead() throws IOException {
    try (var asking = new Asking(channel(app.getAddress().getPort()));
        var answer = asking.ask(Asking.get("pour"))) {
      var last = new AtomicLong(-1);
      await("the program waits")
          .during(java.time.Duration.ofMillis(100))
          .atMost(Asking.PATIENCE)
          .until(() -> last.getAndSet(written.get()) == written.get());
      assertThat(written.get()).isLessThan(IN_FLIGHT);
      var buffer = new byte[64 * 1024];
      long read = 0;
      for (int n = answer.body().read(buffer); n >= 0; n = answer.body().read(buffer)) {
        read += n;
      }
      assertThat(read).isEqualTo(LARGE);
    }
  }

  /** As before, but between two runtimes, one of which the program is beside. */
  @Test
  void aCallOfAnotherAppHoldsNoBodyEither() throws Exception {
    var network = InProcessNetwork.create();
    var source = new Counted(LARGE);
    try (var orders = EmbeddedRuntime.builder("orders")
            .network(network)
            .with(channel(app.getAddress().getPort()))
            .start();
        var web = EmbeddedRuntime.builder("web").network(network).start()) {
      var caller = workers.submit(() -> web.app(orders.appId())
          .exchange(Asking.request("POST", "swallow", "", Map.of(), Body.of(source, -1))));
      await("the source is left alone")
          .during(java.time.Duration.ofMillis(100))
          .atMost(Asking.PATIENCE)
          .until(() -> received.get() > 1_000_000 && source.isUnchangedSinceLastAsked());
      assertThat(source.read.get()).isLessThan(IN_FLIGHT);
      gate.countDown();
      try (var answer = caller.get()) {
        assertThat(answer.status()).isEqualTo(204);
      }
      assertThat(received).hasValue(LARGE);

      try (var answer = web.app("orders").exchange(Asking.get("pour"))) {
        var last = new AtomicLong(-1);
        await("the program waits")
            .during(java.time.Duration.ofMillis(100))
            .atMost(Asking.PATIENCE)
            .until(() -> last.getAndSet(written.get()) == written.get());
        assertThat(written.get()).isLessThan(IN_FLIGHT);
        assertThat(answer.body().skip(LARGE)).isEqualTo(LARGE);
      }
    }
  }

  /** An echo answers while it is asked: whoever sends all before it reads would wait for ever. */
  @Test
  void aProgramMayAnswerWhileItIsAsked() throws IOException {
    long size = 64L * 1024 * 1024;
    try (var echo = new RawServer(connection -> {
          if (connection.head().isEmpty()) {
            return;
          }
          connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n");
          var buffer = new byte[8192];
          for (int n = connection.in.read(buffer); n >= 0; n = connection.in.read(buffer)) {
            connection.out.write(buffer, 0, n);
          }
        });
        var asking = new Asking(channel(echo.port()));
        var answer = asking.ask(
            Asking.request("POST", "echo", "", Map.of(), Body.of(new Counted(size), size)))) {
      long read = 0;
      var buffer = new byte[64 * 1024];
      for (int n = answer.body().read(buffer); n >= 0; n = answer.body().read(buffer)) {
        read += n;
      }
      assertThat(read).isEqualTo(size);
    }
  }

  @Test
  void aProgramMayAnswerWithoutReadingAll() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
          pass(gate);
        });
        var asking = new Asking(channel(app.port()));
        var answer = asking.ask(
            Asking.request("POST", "m", "", Map.of(), Body.of(new Counted(LARGE), LARGE)))) {
      assertThat(answer.status()).isEqualTo(413);
      assertThat(answer.body().readAllBytes()).hasSize(2);
    }
  }

  @Test
  void anAnswerThatIsClosedEarlyCutsTheProgram() throws IOException {
    var cut = new CountDownLatch(1);
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 200 OK\r\n\r\nfirst");
          if (connection.in.read() < 0) {
            cut.countDown();
          }
        });
        var asking = Asking.port(app.port())) {
      asking.ask(Asking.get("m")).close();
      await("the connection is closed").atMost(Asking.PATIENCE).until(() -> cut.getCount() == 0);
    }
  }

  /** So many bytes, and a count of those that were asked for. */
  private static final class Counted extends InputStream {
    final AtomicLong read = new AtomicLong();
    private final long size;
    private long last = -1;

    Counted(long size) {
      this.size = size;
    }

    boolean isUnchangedSinceLastAsked() {
      long before = last;
      last = read.get();
      return before == last;
    }

    @Override
    public int read() {
      return read.get() == size ? -1 : (int) (read.getAndIncrement() * 0);
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      long left = size - read.get();
      if (left == 0) {
        return -1;
      }
      int n = (int) Math.min(left, length);
      read.addAndGet(n);
      return n;
    }
  }
}
