// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.pillion.CallTimeoutException;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.testservers.Ports;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that do what no program should. */
class HttpFailuresTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  /**
   * What answers at once does so within the short time, which the first call of a JVM takes alone.
   */
  @BeforeAll
  static void warmUp() throws Exception {
    WarmUp.callOnce(Asking.options(3000));
  }

  private static void assertFails(ThrowingCallable call, Reason reason) {
    var failure = catchThrowableOfType(InvocationException.class, call);
    assertThat(failure).isNotNull();
    if (failure.reason() != reason) {
      throw new AssertionError("expected " + reason, failure);
    }
    assertThat(failure).hasMessageContaining("127.0.0.1:");
  }

  private static void assertFails(ThrowingCallable call, Reason reason, String words) {
    assertFails(call, reason);
    assertThatThrownBy(call).hasMessageContaining(words);
  }

  @Test
  void nothingListens() throws IOException {
    try (var asking = Asking.port(Ports.free())) {
      assertFails(() -> asking.text(Asking.get("m")), Reason.NOT_LISTENING);
    }
  }

  @Test
  void theHostIsNotKnown() {
    try (var asking = new Asking(HttpApp.at(Asking.options(3000).host("no-such-host.invalid")))) {
      assertThatThrownBy(() -> asking.text(Asking.get("m")))
          .isInstanceOfSatisfying(InvocationException.class, failure -> assertThat(failure.reason())
              .isEqualTo(Reason.NOT_LISTENING))
          .hasMessage(
              "the app at no-such-host.invalid:3000 can't be reached: the name \"no-such-host.invalid\" can't be resolved");
    }
  }

  @Test
  void theConnectionEndsWithoutAnAnswer() throws IOException {
    try (var app = new RawServer(RawServer.Connection::head);
        var asking = Asking.port(app.port())) {
      assertFails(() -> asking.text(Asking.get("m")), Reason.CLOSED);
    }
  }

  @Test
  void theConnectionEndsInTheMiddleOfTheHead() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 200 OK\r\nContent-Le");
        });
        var asking = Asking.port(app.port())) {
      assertFails(() -> asking.text(Asking.get("m")), Reason.CLOSED);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 100\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
      })
  void theConnectionEndsInTheMiddleOfTheBody(String rest) throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 200 OK\r\n" + rest);
        });
        var asking = Asking.port(app.port());
        var answer = asking.ask(Asking.get("m"))) {
      assertThat(answer.status()).isEqualTo(200);
      assertFails(() -> answer.body().readAllBytes(), Reason.CLOSED);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u0000\u0000\u0012\u0004\u0000\u0000\u0000\u0000\u0000",
        "HTTP/1.1 two hundred\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        "{\"ok\":true}\n"
      })
  void theAnswerIsNotHttp(String garbage) throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write(garbage);
          connection.in.read();
        });
        var asking = Asking.port(app.port())) {
      assertFails(() -> asking.text(Asking.get("m")), Reason.GARBAGE);
    }
  }

  /** Jetty tells of a bad chunk only that the body is not whole. */
  @Test
  void theBodyIsNotChunkedAsItSays() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n");
          connection.in.read();
        });
        var asking = Asking.port(app.port())) {
      assertFails(() -> asking.text(Asking.get("m")), Reason.CLOSED);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "\\", "ö"})
  void aRequestWithTooLargeAHeadFailsAloneOverHttp1(String letter) throws IOException {
    try (var app = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var asking = Asking.port(app.port())) {
      for (var request : tooLarge(letter, 70_000)) {
        assertFails(() -> asking.text(request), Reason.TOO_LARGE, "of the request");
      }
      assertThat(app.heads).isEmpty();
      assertThat(asking.text(Asking.get("m"))).isEqualTo("ok");
    }
  }

  /** The calls of others are on the same connection, and the program takes 8 KiB alone. */
  @ParameterizedTest
  @CsvSource({"x, 70000", "\\, 70000", "ö, 70000", "x, 8000", "\\, 4000", "ö, 6000"})
  void aRequestWithTooLargeAHeadFailsAloneOverHttp2(String letter, int length) throws Exception {
    try (var app = JettyApp.h2c();
        var asking = new Asking(HttpApp.h2c(Asking.options(app.port())))) {
      asking.text(Asking.get("m"));
      var other = CompletableFuture.supplyAsync(() -> {
        try {
          return asking.text(Asking.get("wait"));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
      for (var request : tooLarge(letter, length)) {
        assertFails(() -> asking.text(request), Reason.TOO_LARGE, "of the request");
        assertThat(asking.text(Asking.get("m"))).isEqualTo("HTTP/2.0 GET /m");
      }
      app.open();
      assertThat(other.get(30, TimeUnit.SECONDS)).isEqualTo("HTTP/2.0 GET /wait");
    }
  }

  @Test
  void aHeadThatTheProgramAcceptsIsSent() throws IOException {
    try (var app = JettyApp.h2c();
        var asking = new Asking(HttpApp.h2c(Asking.options(app.port())))) {
      asking.text(Asking.get("m"));
      var headers = Map.of("X-Long", List.of("x".repeat(7_700)));
      assertThat(asking.text(Asking.request("GET", "m", "", headers, Body.EMPTY)))
          .isEqualTo("HTTP/2.0 GET /m");
    }
  }

  private static List<InvocationRequest> tooLarge(String letter, int length) {
    var text = letter.repeat(length);
    return List.of(
        Asking.request("GET", "m", "", Map.of("X-Long", List.of(text)), Body.EMPTY),
        Asking.request("GET", text, "", Map.of(), Body.EMPTY),
        Asking.request("GET", "m", text, Map.of(), Body.EMPTY));
  }

  @Test
  void theHeadersNeverEnd() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 200 OK\r\n");
          for (int i = 0; true; i++) {
            connection.write("X-" + i + ": more and more\r\n");
          }
        });
        var asking = new Asking(HttpApp.at(Asking.options(app.port()).maxHeaderSize(8192)))) {
      assertFails(() -> asking.text(Asking.get("m")), Reason.TOO_LARGE);
    }
  }

  @Test
  void theBodyNeverEnds() throws IOException {
    var written = new CountDownLatch(1);
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 200 OK\r\n\r\n");
          var block = new byte[8192];
          try {
            while (true) {
              connection.out.write(block);
            }
          } finally {
            written.countDown();
          }
        });
        var asking = new Asking(HttpApp.at(Asking.options(app.port()).maxBodySize(100_000)))) {
      assertFails(() -> asking.text(Asking.get("m")), Reason.TOO_LARGE);
      // Its endless write ends only when its connection does.
      await("the program is cut off").atMost(Asking.PATIENCE).until(() -> written.getCount() == 0);
    }
  }

  @Test
  void theProgramHangs() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.in.read();
        });
        var asking = Asking.port(app.port())) {
      assertThatThrownBy(() -> asking.ask(Asking.get("m"), SHORT))
          .isInstanceOf(CallTimeoutException.class)
          .hasMessageContaining("127.0.0.1:" + app.port());
    }
  }

  @Test
  void theProgramHangsInTheMiddleOfItsBody() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
          connection.in.read();
        });
        var asking = Asking.port(app.port());
        var answer = asking.ask(Asking.get("m"), SHORT)) {
      assertThatThrownBy(() -> answer.body().readAllBytes())
          .isInstanceOf(CallTimeoutException.class);
    }
  }

  /** Each byte resets an idle timeout; the deadline stays. */
  @Test
  void theProgramDrips() throws IOException {
    var wanted = new Semaphore(0);
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.write("HTTP/1.1 200 OK\r\n\r\n.");
          while (true) {
            wanted.acquireUninterruptibly();
            connection.write(".");
          }
        });
        var asking = Asking.port(app.port());
        var answer = asking.ask(Asking.get("m"), SHORT)) {
      assertThatThrownBy(() -> {
            while (answer.body().read() == '.') {
              wanted.release();
            }
          })
          .isInstanceOf(CallTimeoutException.class);
    }
  }

  @Test
  void theProgramDoesNotReadTheBody() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          var gate = new CountDownLatch(1);
          try {
            gate.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
        var asking =
            new Asking(HttpApp.at(Asking.options(app.port()).maxBodySize(Integer.MAX_VALUE)))) {
      var body = Body.of(new Endless(), -1);
      assertThatThrownBy(() -> asking.ask(Asking.request("POST", "m", "", Map.of(), body), SHORT))
          .isInstanceOf(CallTimeoutException.class);
    }
  }

  @Test
  void anInterruptedCallerComesBackInterrupted() throws Exception {
    var asked = new CountDownLatch(1);
    try (var app = new RawServer(connection -> {
          connection.head();
          asked.countDown();
          connection.in.read();
        });
        var asking = Asking.port(app.port())) {
      var stillInterrupted = new AtomicBoolean();
      var caller = new Thread(() -> {
        assertFails(() -> asking.ask(Asking.get("m")), Reason.CLOSED);
        stillInterrupted.set(Thread.currentThread().isInterrupted());
      });
      caller.start();
      asked.await();
      caller.interrupt();
      caller.join();
      assertThat(stillInterrupted).isTrue();
    }
  }

  @Test
  void aCallerInterruptedBeforeItAsksComesBackInterrupted() throws IOException {
    try (var app = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var asking = Asking.port(app.port())) {
      Thread.currentThread().interrupt();
      assertFails(() -> asking.ask(Asking.get("m")), Reason.CLOSED);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(asking.text(Asking.get("m"))).isEqualTo("ok");
    }
  }

  @Test
  void aBodyThatIsNotAsLongAsItSaysFailsTheCall() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.in.readAllBytes();
        });
        var asking = Asking.port(app.port())) {
      for (long length : new long[] {2, 100}) {
        var body = Body.of(new ByteArrayInputStream("abc".getBytes(UTF_8)), length);
        assertThatThrownBy(() -> asking.ask(Asking.request("POST", "m", "", Map.of(), body)))
            .isInstanceOf(UncheckedIOException.class)
            .hasMessageContaining("than the " + length + " that were announced");
      }
    }
  }

  @Test
  void aBodyThatCannotBeReadFailsTheCall() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.in.readAllBytes();
        });
        var asking = Asking.port(app.port())) {
      var body = Body.of(
          new InputStream() {
            @Override
            public int read() throws IOException {
              throw new IOException("the disk is gone");
            }
          },
          -1);
      assertThatThrownBy(() -> asking.ask(Asking.request("POST", "m", "", Map.of(), body)))
          .hasRootCauseMessage("the disk is gone");
    }
  }

  @Test
  void aRequestBodyAboveTheLimitFailsTheCall() throws IOException {
    try (var app = new RawServer(connection -> {
          connection.head();
          connection.in.readAllBytes();
        });
        var asking = new Asking(HttpApp.at(Asking.options(app.port()).maxBodySize(1000)))) {
      var failure = catchThrowableOfType(
          InvocationException.class,
          () -> asking.ask(Asking.request("POST", "m", "", Map.of(), Body.of(new Endless(), -1))));
      assertThat(failure.reason()).isEqualTo(Reason.TOO_LARGE);
    }
  }

  @Test
  void afterAFailureTheNextCallIsServed() throws IOException {
    var first = new AtomicBoolean(true);
    try (var app = new RawServer(connection -> {
          while (!connection.head().isEmpty()) {
            if (first.compareAndSet(true, false)) {
              return;
            }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
          }
        });
        var asking = Asking.port(app.port())) {
      assertFails(() -> asking.text(Asking.get("m")), Reason.CLOSED);
      assertThat(asking.text(Asking.get("m"))).isEqualTo("ok");
    }
  }

  private static final class Endless extends InputStream {
    @Override
    public int read() {
      return 0;
    }
  }
}
