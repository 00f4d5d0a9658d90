// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import static dev.pillion.appchannel.TestChannel.options;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.CallRejectedException;
import dev.pillion.Registration;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.call.CallContext;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.runtime.AppConnection;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.testkit.CapturedLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AppWatchTest {
  private final InMemoryApp app = new InMemoryApp();
  private final List<AppState> told = new ArrayList<>();

  private static AppOptions watched() {
    return options().healthCheck(new HealthCheck("/healthz", ofSeconds(5), ofMillis(500), 3));
  }

  private static InvocationRequest request() {
    return InvocationRequest.post("orders", "text/plain", new byte[0]);
  }

  @Test
  void theRuntimeStartsWithoutItsAppAndFindsItLater() {
    app.listening = false;
    try (var channel = TestChannel.to(app, options())) {
      assertThat(channel.channel.state()).isEqualTo(AppState.WAITING);
      channel.advance(ofSeconds(100));
      assertThat(channel.channel.state()).isEqualTo(AppState.WAITING);
      app.listening = true;
      channel.advance(ofSeconds(1));
      assertThat(channel.channel.state()).isEqualTo(AppState.HEALTHY);
    }
  }

  @Test
  void pausesBetweenLooksGrowUpToASecond() {
    app.listening = false;
    try (var channel = TestChannel.to(app, options())) {
      channel.advance(ofMillis(4_600));
      assertThat(app.looks)
          .containsExactly(
              ofMillis(0),
              ofMillis(50),
              ofMillis(150),
              ofMillis(350),
              ofMillis(750),
              ofMillis(1_550),
              ofMillis(2_550),
              ofMillis(3_550),
              ofMillis(4_550));
    }
  }

  @Test
  void waitingIsLoggedOnceAndTheAppsArrivalOnce() {
    app.listening = false;
    try (var log = new CapturedLog();
        var channel = TestChannel.to(app, options())) {
      channel.advance(ofSeconds(100));
      app.listening = true;
      channel.advance(ofSeconds(100));
      assertThat(log.lines("INFO").stream().filter(line -> line.contains("its app")))
          .containsExactly(
              "INFO \"checkout\" waits for its app to listen on 127.0.0.1:3000",
              "INFO \"checkout\" has found its app listening on 127.0.0.1:3000");
    }
  }

  @Test
  void withoutAHealthCheckAnAppThatHasListenedIsNotLookedAtAgain() {
    try (var channel = TestChannel.to(app, options())) {
      assertThat(channel.time.pending()).isZero();
      app.listening = false;
      app.healthy = false;
      channel.advance(ofSeconds(1_000));
      assertThat(channel.channel.state()).isEqualTo(AppState.HEALTHY);
      assertThat(app.looks).hasSize(1);
      assertThat(app.probes).isEmpty();
    }
  }

  @Test
  void withoutAHealthCheckACallIsTriedThoughTheAppHasNotBeenSeenYet() {
    app.listening = false;
    try (var channel = TestChannel.to(app, options())) {
      assertThat(channel.channel.invoke(request(), CallContext.EMPTY).status()).isEqualTo(200);
    }
  }

  @Test
  void probesBeginAtTheIntervalAndMayTakeTheTimeout() {
    try (var channel = TestChannel.to(app, watched())) {
      channel.advance(ofSeconds(12));
      assertThat(app.probes).containsExactly(ofSeconds(0), ofSeconds(5), ofSeconds(10));
      assertThat(app.probeTimeouts).containsOnly(ofMillis(500));
    }
  }

  @Test
  void aSlowProbeDoesNotDelayTheNext() {
    try (var channel = TestChannel.to(app, watched())) {
      app.whileProbed = () -> channel.advance(ofMillis(400));
      channel.advance(ofSeconds(16));
      assertThat(app.probes)
          .containsExactly(ofSeconds(0), ofSeconds(5), ofSeconds(10), ofSeconds(15));
    }
  }

  @Test
  void threeFailedProbesInARowMakeAnAppUnhealthyAndOneSuccessHealsIt() {
    try (var channel = TestChannel.to(app, watched())) {
      assertThat(channel.channel.state()).isEqualTo(AppState.HEALTHY);
      app.healthy = false;
      channel.advance(ofSeconds(10));
      assertThat(channel.channel.state()).isEqualTo(AppState.HEALTHY);
      channel.advance(ofSeconds(5));
      assertThat(channel.channel.state()).isEqualTo(AppState.UNHEALTHY);
      channel.advance(ofSeconds(500));
      assertThat(channel.channel.state()).isEqualTo(AppState.UNHEALTHY);
      app.healthy = true;
      channel.advance(ofSeconds(5));
      assertThat(channel.channel.state()).isEqualTo(AppState.HEALTHY);
    }
  }

  @Test
  void aSuccessBetweenFailuresBeginsTheCountAnew() {
    try (var channel = TestChannel.to(app, watched())) {
      for (int round = 0; round < 4; round++) {
        app.healthy = false;
        channel.advance(ofSeconds(10));
        app.healthy = true;
        channel.advance(ofSeconds(5));
      }
      assertThat(app.probes).hasSize(13);
      assertThat(channel.channel.state()).isEqualTo(AppState.HEALTHY);
    }
  }

  @Test
  void anAppThatListensButIsNotWellCountsAsUnhealthyAfterTheThreshold() {
    app.healthy = false;
    try (var channel = TestChannel.to(app, watched())) {
      assertThat(channel.channel.state()).isEqualTo(AppState.WAITING);
      channel.advance(ofSeconds(10));
      assertThat(channel.channel.state()).isEqualTo(AppState.UNHEALTHY);
    }
  }

  @Test
  void anIncidentIsLoggedOnceAndItsEndOnce() {
    try (var log = new CapturedLog();
        var channel = TestChannel.to(app, watched())) {
      app.healthy = false;
      channel.advance(ofSeconds(100));
      app.healthy = true;
      channel.advance(ofSeconds(100));
      assertThat(log.lines("WARN"))
          .containsExactly(
              "WARN the app at 127.0.0.1:3000 is unhealthy: 3 probes in a row have failed");
      assertThat(log.lines("INFO").stream().filter(line -> line.contains("is healthy")))
          .hasSize(2);
    }
  }

  @Test
  void anAppThatHasNotPassedItsCheckIsGivenNothing() {
    app.healthy = false;
    try (var channel = TestChannel.to(app, watched())) {
      assertThatThrownBy(() -> channel.channel.invoke(request(), CallContext.EMPTY))
          .isInstanceOfSatisfying(InvocationException.class, failure -> {
            assertThat(failure.reason()).isEqualTo(Reason.UNHEALTHY);
            assertThat(failure.statusCode()).isEqualTo(13);
          })
          .hasMessage(
              "app is not in a healthy state: the app at 127.0.0.1:3000 has not passed its health check yet");
      assertThat(app.requests).isEmpty();
    }
  }

  @Test
  void anUnhealthyAppIsGivenNothingUntilItIsWellAgain() {
    try (var channel = TestChannel.to(app, watched())) {
      app.healthy = false;
      channel.advance(ofSeconds(15));
      assertThatThrownBy(() -> channel.channel.invoke(request(), CallContext.EMPTY))
          .isInstanceOf(InvocationException.class)
          .hasMessageContaining("has failed 3 probes in a row, and is asked again every PT5S");
      assertThat(app.requests).isEmpty();
      app.healthy = true;
      channel.advance(ofSeconds(5));
      assertThat(channel.channel.invoke(request(), CallContext.EMPTY).status()).isEqualTo(200);
    }
  }

  @Test
  void aListenerIsToldTheStateAndEachChangeOnce() {
    app.listening = false;
    try (var channel = TestChannel.to(app, watched())) {
      channel.channel.onState(told::add);
      app.listening = true;
      channel.advance(ofSeconds(20));
      app.healthy = false;
      channel.advance(ofSeconds(50));
      app.healthy = true;
      channel.advance(ofSeconds(50));
      assertThat(told)
          .containsExactly(
              AppState.WAITING, AppState.HEALTHY, AppState.UNHEALTHY, AppState.HEALTHY);
    }
  }

  @Test
  void aListenerThatIsNoLongerRegisteredIsToldNothing() {
    app.listening = false;
    try (var channel = TestChannel.to(app, options())) {
      var registration = channel.channel.onState(told::add);
      registration.close();
      registration.close();
      app.listening = true;
      channel.advance(ofSeconds(2));
      assertThat(told).containsExactly(AppState.WAITING);
    }
  }

  @Test
  void aListenerMayEndTheRegistrationOfTheNext() {
    app.listening = false;
    try (var channel = TestChannel.to(app, options())) {
      var next = new AtomicReference<Registration>();
      channel.channel.onState(state -> {
        if (state == AppState.HEALTHY) {
          next.get().close();
        }
      });
      next.set(channel.channel.onState(told::add));
      app.listening = true;
      channel.advance(ofSeconds(2));
      assertThat(told).containsExactly(AppState.WAITING);
    }
  }

  @Test
  void aListenerThatFailsIsLoggedAndKeepsNobodyFromBeingTold() {
    app.listening = false;
    try (var log = new CapturedLog();
        var channel = TestChannel.to(app, options())) {
      channel.channel.onState(state -> {
        throw new IllegalStateException("broken");
      });
      channel.channel.onState(told::add);
      app.listening = true;
      channel.advance(ofSeconds(2));
      assertThat(told).containsExactly(AppState.WAITING, AppState.HEALTHY);
      assertThat(log.lines("ERROR"))
          .hasSize(2)
          .allMatch(line -> line.contains("a listener of the app at 127.0.0.1:3000 failed"));
    }
  }

  @Test
  void aClosedChannelLooksNoMoreAndTellsNobody() {
    var channel = TestChannel.to(app, watched());
    channel.channel.onState(told::add);
    channel.close();
    assertThat(channel.time.pending()).isZero();
    assertThat(app.closed).isTrue();
    app.healthy = false;
    channel.advance(ofSeconds(100));
    assertThat(told).containsExactly(AppState.HEALTHY);
    assertThatThrownBy(() -> channel.channel.invoke(request(), CallContext.EMPTY))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the channel to the app at 127.0.0.1:3000 is not open: its runtime is closed");
  }

  @Test
  void aTransportPreparesBeforeAnythingIsOpened() {
    var builder = EmbeddedRuntime.builder("orders").environment(Map.of());
    builder.with(AppChannel.over(options(), app));
    assertThat(app.prepared).isEqualTo(1);
  }

  @Test
  void aChannelThatNoRuntimeHasSaysWhoShouldHaveIt() {
    var channel = AppChannel.over(options(), app);
    assertThatThrownBy(() -> channel.invoke(request(), CallContext.EMPTY))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith(
            "no runtime has it; give it to one by EmbeddedRuntime.builder(…).with(…)");
  }

  @Test
  void aChannelServesOneRuntimeAlsoWhenThatIsClosed() {
    AppChannel used;
    try (var channel = TestChannel.to(app, options())) {
      used = channel.channel;
    }
    var second = EmbeddedRuntime.builder("billing").environment(Map.of()).with(used);
    assertThatThrownBy(second::start)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "the channel to the app at 127.0.0.1:3000 serves one runtime, and has had it; make another one");
  }

  @Test
  void aRuntimeWithoutAFreeThreadLooksAgainLater() {
    var refusals = new AtomicInteger(3);
    var threads = new TestChannel.Inline() {
      @Override
      public void execute(String name, Runnable task) {
        if (refusals.getAndDecrement() > 0) {
          throw new CallRejectedException("ERR_TOO_MANY_THREADS", "no thread", null);
        }
        super.execute(name, task);
      }
    };
    try (var channel = TestChannel.to(app, options(), threads)) {
      channel.advance(ofSeconds(2));
      assertThat(channel.channel.state()).isEqualTo(AppState.WAITING);
      channel.advance(ofSeconds(1));
      assertThat(channel.channel.state()).isEqualTo(AppState.HEALTHY);
    }
  }

  @Test
  void aTransportThatFailsToLookHasSeenAnAppThatIsNotWell() {
    try (var log = new CapturedLog();
        var channel = TestChannel.to(app, watched())) {
      app.whileProbed = () -> {
        throw new IllegalStateException("broken");
      };
      channel.advance(ofSeconds(15));
      assertThat(channel.channel.state()).isEqualTo(AppState.UNHEALTHY);
      assertThat(log.lines("ERROR")).hasSize(3).allMatch(line -> line.contains("broken"));
      app.whileProbed = () -> {};
      channel.advance(ofSeconds(5));
      assertThat(channel.channel.state()).isEqualTo(AppState.HEALTHY);
    }
  }

  @Test
  void theRuntimeDescribesTheConnection() {
    try (var channel = TestChannel.to(app, watched().maxConcurrency(4))) {
      assertThat(channel.runtime.describe().app())
          .isEqualTo(new AppConnection(
              "http",
              "127.0.0.1",
              3000,
              4,
              "HEALTHY",
              new AppConnection.HealthCheck("/healthz", ofSeconds(5), ofMillis(500), 3)));
      assertThat(channel.runtime.describe().toString())
          .contains(", app http://127.0.0.1:3000 HEALTHY");
    }
  }
}
