// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.CallRejectedException;
import dev.pillion.CallTimeoutException;
import dev.pillion.SerializationException;
import dev.pillion.TypeRef;
import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import dev.pillion.invocation.AppClient;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.InvokeOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Apps of one JVM that call each other, and themselves. */
class InvocationTest {
  record Reserve(String item, int amount) {}

  record Stock(String item, int left) {}

  private final InProcessNetwork network = InProcessNetwork.create();
  private final List<EmbeddedRuntime> runtimes = new ArrayList<>();

  @AfterEach
  void close() {
    runtimes.forEach(EmbeddedRuntime::close);
  }

  private EmbeddedRuntime start(String appId) {
    var runtime = EmbeddedRuntime.builder(appId).network(network).start();
    runtimes.add(runtime);
    return runtime;
  }

  private static InvocationResponse ok(String text) {
    return InvocationResponse.of(
        200, Map.of(), "text/plain", text.getBytes(StandardCharsets.UTF_8));
  }

  private static InvocationException failure(ThrowingCall call) {
    return catchThrowableOfType(InvocationException.class, call::run);
  }

  private interface ThrowingCall {
    void run() throws Exception;
  }

  @Test
  void aMethodOfAnotherAppIsCalledByItsName() {
    start("inventory").method("reserve", Reserve.class, request -> new Stock(request.item(), 9));
    var checkout = start("checkout");
    assertThat(checkout.app("inventory").invoke("reserve", new Reserve("book", 1), Stock.class))
        .isEqualTo(new Stock("book", 9));
    assertThat(checkout.app("inventory").invoke("/reserve/", new Reserve("cup", 1), Stock.class))
        .isEqualTo(new Stock("cup", 9));
  }

  @Test
  void anAppCallsItselfTheSameWay() {
    var runtime = EmbeddedRuntime.builder("alone")
        .method("double", Integer.class, number -> 2 * number)
        .receive("forget", String.class, text -> {})
        .start();
    runtimes.add(runtime);
    assertThat(runtime.app("alone").invoke("double", 21, Integer.class)).isEqualTo(42);
    runtime.app("alone").send("forget", "this");
    assertThat(runtime.app("alone").invoke("forget", "this", String.class)).isNull();
  }

  @Test
  void nothingIsSharedThatCanChange() {
    var given = new AtomicReference<List<String>>();
    var answered = new ArrayList<>(List.of("x"));
    start("b").method("keep", new TypeRef<List<String>>() {}, list -> {
      given.set(list);
      list.add("changed by the method");
      return answered;
    });
    var request = new ArrayList<>(List.of("a"));
    var answer = start("a")
        .app("b")
        .invoke("keep", request, InvokeOptions.defaults(), new TypeRef<List<String>>() {});
    assertThat(request).containsExactly("a");
    assertThat(answer).containsExactly("x");
    answered.add("changed afterwards");
    request.add("changed afterwards");
    assertThat(answer).containsExactly("x");
    assertThat(given.get()).containsExactly("a", "changed by the method");
  }

  @Test
  void bytesAreCopiedAndImmutablesAreNot() {
    var seen = new AtomicReference<Object>();
    var kept = new byte[] {7};
    var b = start("b");
    b.method("bytes", byte[].class, bytes -> {
      bytes[0] = 9;
      return kept;
    });
    b.method("same", Reserve.class, request -> {
      seen.set(request);
      return request;
    });
    var a = start("a");
    var sent = new byte[] {1};
    var answer = a.app("b").invoke("bytes", sent, byte[].class);
    assertThat(sent).containsExactly(1);
    assertThat(answer).containsExactly(7).isNotSameAs(kept);
    var request = new Reserve("book", 1);
    assertThat(a.app("b").invoke("same", request, Reserve.class)).isSameAs(request);
    assertThat(seen).hasValue(request);
  }

  @Test
  void anAnswerIsReadAsWhatTheCallerWants() {
    start("b").method("stock", String.class, item -> new Stock(item, 3));
    var client = start("a").app("b");
    assertThat(client.invoke(
            "stock", "cup", InvokeOptions.defaults(), new TypeRef<Map<String, Object>>() {}))
        .containsEntry("left", 3);
    assertThat(new String(client.invoke("stock", "cup", byte[].class), StandardCharsets.UTF_8))
        .isEqualTo("{\"item\":\"cup\",\"left\":3}");
    assertThatThrownBy(() -> client.invoke("stock", "cup", Integer.class))
        .isInstanceOf(SerializationException.class);
  }

  @Test
  void aRequestOfAnotherTypeIsTheCallersFault() {
    start("b").method("stock", Integer.class, number -> number);
    var client = start("a").app("b");
    var typed = failure(() -> client.invoke("stock", "no number", Integer.class));
    var raw = client.exchange(InvocationRequest.post(
        "stock", "application/json", "\"no number\"".getBytes(StandardCharsets.UTF_8)));
    assertThat(typed.statusCode()).isEqualTo(400);
    assertThat(raw.status()).isEqualTo(400);
  }

  @Test
  void aHandlerAnswersWithTheStatusItWants() throws Exception {
    start("b").method("find", String.class, item -> {
      throw new InvocationException(404, "no " + item);
    });
    var client = start("a").app("b");
    var failure = failure(() -> client.invoke("find", "book", Stock.class));
    assertThat(failure.reason()).isEqualTo(Reason.ANSWERED);
    assertThat(failure.statusCode()).isEqualTo(404);
    assertThat(failure).hasMessage("\"b\" answered \"find\" with status 404: no book");
    assertThat(failure.body()).asString(StandardCharsets.UTF_8).isEqualTo("no book");
    try (var answer = client.exchange(InvocationRequest.post(
        "find", "application/json", "\"book\"".getBytes(StandardCharsets.UTF_8)))) {
      assertThat(answer.status()).isEqualTo(404);
      assertThat(answer.body().readAllBytes())
          .asString(StandardCharsets.UTF_8)
          .isEqualTo("no book");
    }
  }

  @Test
  void aHandlerThatFailsAnswers500WithTheCauseAtHand() {
    start("b").method("break", String.class, text -> {
      throw new IllegalStateException("out of paper");
    });
    var failure = failure(() -> start("a").app("b").send("break", "x"));
    assertThat(failure.statusCode()).isEqualTo(500);
    assertThat(failure)
        .hasMessageContaining("out of paper")
        .rootCause()
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theFailureOfACallThatAHandlerMakesIsNotItsAnswer() {
    start("c").method("find", String.class, item -> {
      throw new InvocationException(404, "not here");
    });
    var b = start("b");
    b.method("ask", String.class, item -> b.app("c").invoke("find", item, String.class));
    b.method("askNobody", String.class, item -> b.app("nobody").invoke("find", item, String.class));
    var client = start("a").app("b");
    assertThat(failure(() -> client.send("ask", "x")).statusCode()).isEqualTo(500);
    var nobody = failure(() -> client.send("askNobody", "x"));
    assertThat(nobody.reason()).isEqualTo(Reason.ANSWERED);
    assertThat(nobody.statusCode()).isEqualTo(500);
  }

  /** What the caller must not take for the end of his own call, or for an answer of the app. */
  @Test
  void theFailuresOfAHandlerOfAllOtherMethodsAreItsOwnToo() {
    start("c").method("find", String.class, item -> {
      throw new InvocationException(404, "not here");
    });
    var b = start("b");
    b.otherMethods((request, invocation) -> {
      switch (request.method()) {
        case "late" -> throw new CallTimeoutException("ERR_TEST", "of another call", null);
        case "rejected" -> throw new CallRejectedException("ERR_TEST", "of another call", null);
        case "ask" -> b.app("c").send("find", "x");
        case "answers" -> throw new InvocationException(418, "a teapot");
        default -> throw new IllegalStateException("out of paper");
      }
      return ok("done");
    });
    var client = start("a").app("b");
    for (var method : List.of("late", "rejected", "ask", "breaks")) {
      var failure = failure(() -> client.send(method, "x"));
      assertThat(failure.reason()).as(method).isEqualTo(Reason.ANSWERED);
      assertThat(failure.statusCode()).as(method).isEqualTo(500);
    }
    assertThat(failure(() -> client.send("answers", "x")).statusCode()).isEqualTo(418);
  }

  /** As the method is called from this JVM by value, and as from elsewhere by bytes. */
  private static void assertBadRequest(
      AppClient client, @Nullable Object value, String json, String reason) {
    var byValue = failure(() -> client.send("reserve", value));
    assertThat(byValue.statusCode()).isEqualTo(400);
    assertThat(byValue).hasMessageContaining(reason);
    var request = InvocationRequest.post("reserve", "application/json", json.getBytes(UTF_8));
    try (var answer = client.exchange(request)) {
      assertThat(answer.status()).isEqualTo(400);
      assertThat(new String(answer.body().readAllBytes(), UTF_8)).contains(reason);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aRequestThatIsNotOfTheMethodsTypeIsTheCallersFault() {
    start("b").method("reserve", Reserve.class, request -> request);
    var client = start("a").app("b");
    assertBadRequest(
        client,
        List.of(1),
        "[1]",
        "the request is not the dev.pillion.runtime.InvocationTest$Reserve that the method \"reserve\" takes: the JSON can't be read as");
  }

  @Test
  void aMethodThatNeedsARequestIsNotCalledWithoutOne() {
    var b = start("b");
    var called = new AtomicReference<@Nullable Object>();
    b.method("reserve", Reserve.class, request -> {
      called.set("called");
      return request;
    });
    var client = start("a").app("b");
    var reason =
        "the request is empty, but the method \"reserve\" takes a dev.pillion.runtime.InvocationTest$Reserve"
            + " (one that takes nothing is registered with Void.class)";
    assertBadRequest(client, null, "", reason);
    assertBadRequest(client, null, "null", reason);
    assertThat(called.get()).isNull();
  }

  @Test
  void aBodyThatIsNotAsLongAsItSaysFailsTheCallInsideTheJvmToo() throws IOException {
    var b = start("b");
    b.method("values", byte[].class, bytes -> bytes);
    b.method("raw", (request, invocation) -> ok("" + request.body().open().readAllBytes().length));
    var client = start("a").app("b");
    for (String method : List.of("values", "raw")) {
      for (long length : new long[] {2, 100}) {
        var body = Body.of(new ByteArrayInputStream(new byte[3]), length);
        var request = new InvocationRequest("POST", method, "", Map.of(), "", body);
        try (var answer = client.exchange(request)) {
          assertThat(answer.status()).isEqualTo(500);
          assertThat(answer.body().readAllBytes())
              .asString(UTF_8)
              .contains("than the " + length + " that were announced");
        }
      }
    }
  }

  @Test
  void aMethodThatSaysThatItNeedsNothingIs() throws IOException {
    var b = start("b");
    b.method("void", Void.class, nothing -> "nothing: " + nothing);
    b.method("object", Object.class, nothing -> "nothing: " + nothing);
    b.method("bytes", byte[].class, bytes -> "nothing: " + bytes.length);
    var client = start("a").app("b");
    for (String method : List.of("void", "object")) {
      assertThat(client.invoke(method, null, String.class)).isEqualTo("nothing: null");
      try (var answer = client.exchange(InvocationRequest.get(method))) {
        assertThat(answer.body().readAllBytes()).asString(UTF_8).contains("nothing: null");
      }
    }
    assertThat(client.invoke("bytes", null, String.class)).isEqualTo("nothing: 0");
    try (var answer = client.exchange(InvocationRequest.get("bytes"))) {
      assertThat(answer.body().readAllBytes()).asString(UTF_8).contains("nothing: 0");
    }
  }

  @Test
  void anUnknownMethodIsNotFoundAndTheNearestIsNamed() {
    var b = start("b");
    b.method("reserve", Reserve.class, request -> request);
    var client = start("a").app("b");
    assertThat(failure(() -> client.send("reserv", "x")))
        .hasMessageContaining("status 404")
        .hasMessageContaining("did you mean \"reserve\"?");
    try (var answer = client.exchange(InvocationRequest.get("reserv"))) {
      assertThat(answer.status()).isEqualTo(404);
    }
  }

  @Test
  void anUnknownAppNamesWhatWasTried() {
    start("inventory");
    assertThat(failure(() -> start("checkout").app("inventry").send("x", null)))
        .hasMessage(
            "no app \"inventry\": this runtime is \"checkout\", the in-process network has [checkout, inventory], there is no name resolver to find others by")
        .extracting(InvocationException::reason)
        .isEqualTo(Reason.NO_SUCH_APP);
  }

  @Test
  void targetsThatAreNoneAreRefusedAtOnce() {
    var a = start("a");
    assertThatThrownBy(() -> a.app("")).hasMessage("app id is empty");
    assertThatThrownBy(() -> a.app(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage(
            "app(target) needs an app id, the name of an HTTP endpoint, or a URL, not null");
    assertThatThrownBy(() -> a.app("a.b.c")).hasMessageStartingWith("invalid app id a.b.c");
    assertThatThrownBy(() -> a.app("a.")).hasMessageStartingWith("invalid app id a.");
  }

  @Test
  void whatIsNoRequestIsRefused() {
    var client = start("a").app("a");
    for (Object wrong : List.of(
        String.class, Optional.of("x"), InvokeOptions.defaults(), TypeRef.of(String.class))) {
      assertThatThrownBy(() -> client.send("m", wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is no request");
    }
    assertThatThrownBy(() -> client.send("m?x=1", null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("invalid method: ");
  }

  @Test
  void aNamespaceKeepsAppsApart() {
    var prod = EmbeddedRuntime.builder("b").namespace("prod").network(network).start();
    runtimes.add(prod);
    prod.method("where", Object.class, nothing -> "prod");
    start("b").method("where", Object.class, nothing -> "none");
    var a = start("a");
    assertThat(a.app("b").invoke("where", null, String.class)).isEqualTo("none");
    assertThat(a.app("b.prod").invoke("where", null, String.class)).isEqualTo("prod");
  }

  @Test
  void replicasTakeTurnsAndAClosedOneIsLeftOut() {
    var first = start("b");
    first.method("who", Object.class, nothing -> 1);
    start("b").method("who", Object.class, nothing -> 2);
    var client = start("a").app("b");
    var answers = new ArrayList<Integer>();
    for (int i = 0; i < 4; i++) {
      answers.add(client.invoke("who", null, Integer.class));
    }
    assertThat(answers).contains(1, 2);
    first.close();
    for (int i = 0; i < 4; i++) {
      assertThat(client.invoke("who", null, Integer.class)).isEqualTo(2);
    }
  }

  @Test
  void replicasTakeTurnsAlsoWithMethodsOfBytes() {
    var runs = List.of(new AtomicInteger(), new AtomicInteger());
    for (var each : runs) {
      start("b").method("raw", (request, invocation) -> {
        each.incrementAndGet();
        return ok("done");
      });
    }
    var client = start("a").app("b");
    for (int i = 0; i < 4; i++) {
      client.send("raw", null);
      client.invoke("raw", null, String.class);
    }
    assertThat(runs).extracting(AtomicInteger::get).containsExactly(4, 4);
  }

  @Test
  void aRequestIsNotHeldWholeBeyondTheLimit() throws Exception {
    start("b").method("size", byte[].class, bytes -> bytes.length);
    var client = start("a").app("b");
    var most = 4 * 1024 * 1024;
    for (long announced : new long[] {-1, most + 1L}) {
      var source = new ByteArrayInputStream(new byte[2 * most]);
      try (var answer = client.exchange(
          new InvocationRequest("POST", "size", "", Map.of(), "", Body.of(source, announced)))) {
        assertThat(answer.status()).isEqualTo(413);
        assertThat(answer.body().readAllBytes())
            .asString(StandardCharsets.UTF_8)
            .contains("larger than " + most + " bytes");
      }
      assertThat(source.available()).isGreaterThanOrEqualTo(most - 1);
    }
    try (var answer = client.exchange(InvocationRequest.post("size", "", new byte[most]))) {
      assertThat(answer.status()).isEqualTo(200);
    }
  }

  @Test
  void aRequestPassesAsItIsAndClaimsOfIdentityDoNot() throws Exception {
    var seen = new AtomicReference<InvocationRequest>();
    start("b").otherMethods((request, invocation) -> {
      seen.set(request);
      assertThat(invocation.caller()).isEmpty();
      return ok("it is " + request.method());
    });
    var headers = Map.of(
        "X-Trace", List.of("t1"),
        "Dapr-Caller-App-Id", List.of("admin"),
        "dapr-caller-namespace", List.of("prod"));
    try (var answer = start("a")
        .app("b")
        .exchange(new InvocationRequest(
            "PUT", "v1//orders/../create", "x=1", headers, "text/plain", Body.of(new byte[] {1
            })))) {
      assertThat(answer.body().readAllBytes())
          .asString(StandardCharsets.UTF_8)
          .isEqualTo("it is v1/create");
    }
    assertThat(seen.get().verb()).isEqualTo("PUT");
    assertThat(seen.get().query()).isEqualTo("x=1");
    assertThat(seen.get().headers())
        .containsOnly(
            Map.entry("X-Trace", List.of("t1")),
            Map.entry("dapr-caller-app-id", List.of("a")),
            Map.entry("dapr-caller-namespace", List.of("default")),
            Map.entry("dapr-callee-app-id", List.of("b")));
  }

  @Test
  void streamsAreHandedOverAsStreams() throws Exception {
    start("b")
        .method(
            "upper",
            (request, invocation) -> new InvocationResponse(
                200,
                "",
                Map.of(),
                Map.of(),
                "text/plain",
                new UpperCase(request.body().open())));
    var source = new ByteArrayInputStream("abc".getBytes(StandardCharsets.UTF_8));
    try (var answer = start("a")
        .app("b")
        .exchange(new InvocationRequest(
            "POST", "upper", "", Map.of(), "text/plain", Body.of(source, -1)))) {
      assertThat(source.available()).as("nothing is read ahead").isEqualTo(3);
      assertThat(answer.body().readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("ABC");
    }
  }

  private static final class UpperCase extends InputStream {
    private final InputStream source;

    UpperCase(InputStream source) {
      this.source = source;
    }

    @Override
    public int read() throws java.io.IOException {
      int read = source.read();
      return read < 0 ? read : Character.toUpperCase(read);
    }
  }

  @Test
  void aMethodThatTakesTooLongIsInterrupted() {
    var interrupted = new CountDownLatch(1);
    start("b").method("wait", Object.class, nothing -> {
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        interrupted.countDown();
        throw e;
      }
      return "never";
    });
    var client = start("a").app("b");
    assertThatThrownBy(() -> client.invoke(
            "wait", null, InvokeOptions.defaults().timeout(Duration.ofMillis(50)), String.class))
        .isInstanceOf(CallTimeoutException.class);
    assertThat(interrupted.getCount()).isZero();
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void aMethodHasOneHandlerUntilItIsClosed() {
    var b = start("b");
    var registration = b.method("m", Object.class, nothing -> 1);
    assertThatThrownBy(() -> b.method("/m", Object.class, nothing -> 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the method \"m\" has a handler already");
    registration.pause();
    assertThat(failure(() -> b.app("b").send("m", null)).statusCode()).isEqualTo(503);
    registration.resume();
    assertThat(b.app("b").invoke("m", null, Integer.class)).isEqualTo(1);
    registration.close();
    registration.close();
    b.method("m", Object.class, nothing -> 2);
    assertThat(b.app("b").invoke("m", null, Integer.class)).isEqualTo(2);
  }

  @Test
  void closingWaitsForMethodsThatRun() throws Exception {
    var running = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var b = start("b");
    b.method("slow", Object.class, nothing -> {
      running.countDown();
      go.await();
      return "done";
    });
    var client = start("a").app("b");
    var call = new FutureTask<>(() -> client.invoke("slow", null, String.class));
    new Thread(call).start();
    running.await();
    var closing = new FutureTask<>(() -> {
      b.close();
      return true;
    });
    new Thread(closing).start();
    assertThat(closing.isDone()).isFalse();
    go.countDown();
    assertThat(call.get(10, TimeUnit.SECONDS)).isEqualTo("done");
    assertThat(closing.get(10, TimeUnit.SECONDS)).isTrue();
    assertThat(failure(() -> client.send("slow", null)).reason()).isEqualTo(Reason.NO_SUCH_APP);
  }

  @Test
  void nothingWorksAfterClose() {
    var a = start("a");
    a.method("m", Object.class, nothing -> 1);
    var client = a.app("a");
    a.close();
    assertThatThrownBy(() -> client.send("m", null)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> a.app("b")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> a.method("n", Object.class, nothing -> 1))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anAnswerThatTheChainDoesNotHandOnIsClosed() {
    var closed = new CountDownLatch(1);
    start("b")
        .method(
            "m",
            (request, invocation) ->
                new InvocationResponse(200, "", Map.of(), Map.of(), "", new InputStream() {
                  @Override
                  public int read() {
                    return -1;
                  }

                  @Override
                  public void close() {
                    closed.countDown();
                  }
                }));
    var a = EmbeddedRuntime.builder("a")
        .network(network)
        .interceptor(new CallInterceptor() {
          @Override
          public <T extends @Nullable Object, E extends Exception> T around(
              Call call, CallBody<T, E> next) throws E {
            next.run(call);
            throw new IllegalStateException("refused afterwards");
          }
        })
        .start();
    runtimes.add(a);
    assertThatThrownBy(() -> a.app("b").exchange(InvocationRequest.get("m")))
        .hasMessage("refused afterwards");
    assertThat(closed.getCount()).isZero();
  }
}
