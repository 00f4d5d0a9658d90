// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallContext;
import dev.pillion.call.CallInterceptor;
import dev.pillion.invocation.CallerIdentity;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.testkit.ManualTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What an access policy has decided upon is what runs, whatever changes meanwhile. */
class DecisionTest {
  private final List<String> decided = new ArrayList<>();
  private final List<Call> entered = new ArrayList<>();
  private final InvocationEngine engine = new InvocationEngine(
      "orders",
      "",
      new TextSerializer(),
      CallChain.of(List.of(new Entered())),
      new ManualTime(),
      null,
      Duration.ZERO);
  private Runnable meanwhile = () -> {};

  private final class Entered implements CallInterceptor {
    @Override
    public <T extends @Nullable Object, E extends Exception> T around(
        Call call, CallBody<T, E> next) throws E {
      entered.add(call);
      return next.run(call);
    }
  }

  @BeforeEach
  void program() {
    engine.appSpeaksGrpc();
    engine.otherMethods(answering("program"));
    engine.policy((caller, operation, verb, http) -> {
      decided.add((http ? "http " : "grpc ") + operation);
      meanwhile.run();
    });
  }

  @AfterEach
  void close() {
    engine.close();
  }

  private static RequestHandler answering(String text) {
    return (request, invocation) -> InvocationResponse.of(
        200,
        Map.of(),
        "text/plain",
        (text + " " + request.method()).getBytes(StandardCharsets.UTF_8));
  }

  private String answer(String method) throws Exception {
    try (var answer = engine.receive(
        InvocationRequest.post(method, "", new byte[0]),
        new Invocation(Optional.<CallerIdentity>empty(), CallContext.EMPTY))) {
      return answer.status() + " "
          + new String(answer.body().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aMethodThatComesAfterTheDecisionIsNotReachedByIt() throws Exception {
    meanwhile = () -> engine.method("pay", answering("java"));
    assertThat(answer("pay")).isEqualTo("200 program pay");
    meanwhile = () -> {};
    assertThat(answer("pay")).isEqualTo("200 java pay");
    assertThat(decided).containsExactly("grpc pay", "http pay");
  }

  @Test
  void aMethodThatGoesAfterTheDecisionDoesNotLeaveItToTheProgram() throws Exception {
    var registration = engine.method("pay", answering("java"));
    meanwhile = registration::close;
    assertThat(answer("pay")).startsWith("503 ").contains("\"pay\" is closed");
    assertThat(decided).containsExactly("http pay");
  }

  @Test
  void thePathThatIsDecidedUponIsTheOneThatRuns() throws Exception {
    assertThat(answer("/admin/../a//pay/")).isEqualTo("200 program /a/pay");
    assertThat(decided).containsExactly("grpc a/pay");
    assertThat(entered).singleElement().satisfies(call -> {
      assertThat(call.context().instance()).isEqualTo("a/pay");
    });
  }

  @Test
  void aCallThatIsPassedOnIsOneInboundCallOfItsOperation() {
    String seen = engine.receive(
        Optional.empty(), "/shop.v1.Shop/Get", CallContext.EMPTY, call -> call.context()
            .instance());
    assertThat(seen).isEqualTo("/shop.v1.Shop/Get");
    assertThat(decided).containsExactly("grpc /shop.v1.Shop/Get");
    assertThat(entered).singleElement().satisfies(call -> {
      assertThat(call.block()).isEqualTo("invocation");
      assertThat(call.direction()).isEqualTo(Call.Direction.INBOUND);
      assertThat(call.target()).isEqualTo("orders");
      assertThat(call.operation()).isEqualTo("invoke");
    });
  }

  @Test
  void aCallThatIsDeniedIsNoCall() {
    engine.policy((caller, operation, verb, http) -> {
      throw new InvocationException(Reason.DENIED, "no", null);
    });
    var failure = catchThrowableOfType(
        InvocationException.class,
        () -> engine.receive(
            Optional.empty(), "/shop.v1.Shop/Get", CallContext.EMPTY, call -> entered.add(call)));
    assertThat(failure.reason()).isEqualTo(Reason.DENIED);
    assertThat(entered).isEmpty();
  }

  @Test
  void aClosedAppPassesNothingOn() {
    engine.close();
    var failure = catchThrowableOfType(
        InvocationException.class,
        () -> engine.receive(
            Optional.empty(), "/shop.v1.Shop/Get", CallContext.EMPTY, call -> entered.add(call)));
    assertThat(failure.reason()).isEqualTo(Reason.NOT_LISTENING);
    assertThat(entered).isEmpty();
  }
}
