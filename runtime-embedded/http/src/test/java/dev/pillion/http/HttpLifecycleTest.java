// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.appchannel.AppState;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationException;
import dev.pillion.testservers.Ports;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Programs that come and go while the runtime lives. */
class HttpLifecycleTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final HealthCheck OFTEN =
      new HealthCheck("/healthz", Duration.ofMillis(50), Duration.ofMillis(50), 2);

  private static void becomes(Asking asking, AppState state) {
    await("the app is " + state)
        .atMost(Asking.PATIENCE)
        .until(() -> asking.channel.state() == state);
  }

  private static List<String> ourThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("orders/app-http"))
        .toList();
  }

  @Test
  void aProgramMayComeAfterTheRuntime() throws IOException {
    int port = Ports.free();
    try (var asking = Asking.port(port)) {
      assertThat(asking.channel.state()).isEqualTo(AppState.WAITING);
      try (var app = RawServer.answering(port, OK)) {
        becomes(asking, AppState.HEALTHY);
        assertThat(asking.text(Asking.get("m"))).isEqualTo("ok");
        assertThat(app.port()).isEqualTo(port);
      }
    }
  }

  @Test
  void aProgramMayRestart() throws IOException {
    int port = Ports.free();
    var first = RawServer.answering(port, OK);
    try (var asking = Asking.port(port)) {
      assertThat(asking.text(Asking.get("m"))).isEqualTo("ok");
      first.close();
      assertThatThrownBy(() -> asking.text(Asking.get("m")))
          .isInstanceOf(InvocationException.class);
      try (var second = RawServer.answering(port, OK)) {
        // An attempt to connect for the failed call may end only now, and takes along what waits.
        await("it is reached again")
            .atMost(Asking.PATIENCE)
            .ignoreException(InvocationException.class)
            .untilAsserted(() -> assertThat(asking.text(Asking.get("m"))).isEqualTo("ok"));
        assertThat(second.heads).hasSize(1);
      }
    } finally {
      first.close();
    }
  }

  @Test
  void itsHealthIsAskedWithTheTokenAndOnly2xxIsWell() throws IOException {
    var status = new AtomicReference<>("204 No Content");
    try (var app = new RawServer(connection -> {
          while (!connection.head().isEmpty()) {
            connection.write("HTTP/1.1 " + status.get() + "\r\nContent-Length: 0\r\n\r\n");
          }
        });
        var asking =
            new Asking(HttpApp.at(Asking.options(app.port()).token("t0").healthCheck(OFTEN)))) {
      becomes(asking, AppState.HEALTHY);
      assertThat(app.heads.peek()).startsWith("GET /healthz HTTP/1.1").contains("t0");
      for (var unwell : List.of("302 Found", "404 Not Found", "500 Error")) {
        status.set(unwell);
        becomes(asking, AppState.UNHEALTHY);
        status.set("200 OK");
        becomes(asking, AppState.HEALTHY);
      }
    }
  }

  @Test
  void aProbeThatGetsNoAnswerInTimeHasFailed() throws IOException {
    var hanging = new CountDownLatch(1);
    try (var app = new RawServer(connection -> {
          while (!connection.head().isEmpty()) {
            if (hanging.getCount() == 0) {
              connection.in.read();
              return;
            }
            connection.write(OK);
          }
        });
        var asking = new Asking(HttpApp.at(Asking.options(app.port()).healthCheck(OFTEN)))) {
      becomes(asking, AppState.HEALTHY);
      hanging.countDown();
      becomes(asking, AppState.UNHEALTHY);
      assertThatThrownBy(() -> asking.ask(Asking.get("m")))
          .isInstanceOf(InvocationException.class)
          .hasMessageContaining("app is not in a healthy state");
    }
  }

  @Test
  void probesGetThroughWhileCallsHaveAllTheirConnections() throws IOException {
    var busy = new AtomicInteger();
    try (var app = new RawServer(connection -> {
          for (var head = connection.head(); !head.isEmpty(); head = connection.head()) {
            if (!head.startsWith("GET /healthz")) {
              busy.incrementAndGet();
              connection.in.read();
              return;
            }
            connection.write(OK);
          }
        });
        var asking = new Asking(
            HttpApp.at(Asking.options(app.port()).maxConcurrency(1).healthCheck(OFTEN)))) {
      becomes(asking, AppState.HEALTHY);
      asking.runtime.threads().execute("caller", () -> assertThatThrownBy(
              () -> asking.ask(Asking.get("m")))
          .isInstanceOf(InvocationException.class));
      await("a call is under way").atMost(Asking.PATIENCE).until(() -> busy.get() == 1);
      int probes = app.heads.size();
      await("probes go on").atMost(Asking.PATIENCE).until(() -> app.heads.size() > probes + 3);
      assertThat(asking.channel.state()).isEqualTo(AppState.HEALTHY);
    }
  }

  /** Connections that nobody uses are closed after 4 s; one that waits for an answer is used. */
  @Test
  void aProgramMayThinkLongerThanIdleConnectionsLive() throws IOException {
    var gate = new CountDownLatch(1);
    try (var app = new RawServer(connection -> {
          connection.head();
          await().atMost(Asking.PATIENCE).until(() -> gate.getCount() == 0);
          connection.write(OK);
        });
        var asking = Asking.port(app.port())) {
      asking.runtime.time().schedule(Duration.ofMillis(4500), gate::countDown);
      assertThat(asking.text(Asking.get("m"))).isEqualTo("ok");
    }
  }

  @Test
  void nothingRunsBeforeTheFirstCallNorAfterTheRuntime() throws IOException {
    try (var app = RawServer.answering(OK)) {
      try (var asking = Asking.port(app.port())) {
        becomes(asking, AppState.HEALTHY);
        assertThat(ourThreads()).isEmpty();
        asking.text(Asking.get("m"));
        assertThat(ourThreads()).isNotEmpty();
        assertThat(Thread.getAllStackTraces().keySet())
            .filteredOn(thread -> thread.getName().startsWith("orders/app-http"))
            .allMatch(Thread::isDaemon);
      }
      await("its threads end").atMost(Asking.PATIENCE).until(() -> ourThreads().isEmpty());
    }
  }

  @Test
  void anAppServesOneRuntimeAlsoWhenThatIsClosed() throws IOException {
    try (var app = RawServer.answering(OK)) {
      var first = Asking.port(app.port());
      assertThat(first.text(Asking.get("m"))).isEqualTo("ok");
      first.close();
      assertThatThrownBy(() -> new Asking(first.channel))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "the channel to the app at 127.0.0.1:%d serves one runtime, and has had it; make another one"
                  .formatted(app.port()));
    }
  }

  /** What reaches a transport too late is told so, and not that the program is busy. */
  @Test
  void aClosedTransportIsClosedAndNotBusy() throws IOException {
    try (var app = RawServer.answering(OK);
        var asking = Asking.port(app.port())) {
      var transport = new HttpTransport(Asking.options(app.port()), HttpApp.Protocol.HTTP, null);
      transport.start(asking.runtime);
      var deadline = Deadline.after(Asking.PATIENCE, asking.runtime.time());
      transport.invoke(Asking.get("m"), deadline).close();
      transport.close();
      assertThatThrownBy(() -> transport.invoke(Asking.get("m"), deadline))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the channel to the app at 127.0.0.1:%d is closed".formatted(app.port()));
      var failures = new HttpFailures(
          "the app at " + app.port(), Asking.options(app.port()), "http", () -> true);
      assertThat(failures.of(new RejectedExecutionException("STOPPED")))
          .isInstanceOf(InvocationException.class)
          .hasMessageStartingWith("the runtime was closed while the app at");
    }
  }

  @Test
  void closingTheRuntimeEndsWhatIsUnderWay() throws Exception {
    var asked = new CountDownLatch(1);
    try (var app = new RawServer(connection -> {
      connection.head();
      asked.countDown();
      connection.in.read();
    })) {
      var asking = Asking.port(app.port());
      var failure = new AtomicReference<Throwable>();
      var caller = new Thread(() -> {
        try {
          asking.ask(Asking.get("m")).close();
        } catch (RuntimeException e) {
          failure.set(e);
        }
      });
      caller.start();
      asked.await();
      asking.close();
      caller.join();
      assertThat(failure.get())
          .isInstanceOfSatisfying(InvocationException.class, closed -> assertThat(closed.reason())
              .isEqualTo(InvocationException.Reason.CLOSED))
          .hasMessage("the runtime was closed while the app at 127.0.0.1:%d was asked"
              .formatted(app.port()));
      assertThatThrownBy(
              () -> asking.channel.invoke(Asking.get("m"), dev.pillion.call.CallContext.EMPTY))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
