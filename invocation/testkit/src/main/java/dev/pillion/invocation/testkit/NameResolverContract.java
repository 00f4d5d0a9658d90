// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.BuildingBlockException;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What every name resolver does, as tests. An author of one writes a subclass and inherits them
 * all, later ones included:
 *
 * <pre>{@code
 * class PaperResolverTest extends NameResolverContract {
 *   @Override
 *   protected NameResolverComponent component() { return PaperResolver.of("stock at 10.0.0.7:50002"); }
 *
 *   @Override
 *   protected AppInstance findable() { return new AppInstance("stock", "", new PeerAddress("10.0.0.7", 50_002), 0); }
 * }
 * }</pre>
 *
 * <p>Where instances make themselves known, the tests are {@link RegistrationContract}, which
 * inherits these.
 */
public abstract class NameResolverContract {
  static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(200);

  private final RealTime realTime = new RealTime();
  private final List<AutoCloseable> closers = new ArrayList<>();
  private final String appId = "app-" + UUID.randomUUID();

  /** A new component, not open yet, on the backend that all components of a test share. */
  protected abstract NameResolverComponent component();

  /** An instance that every component finds from now on, or soon. */
  protected abstract AppInstance findable();

  /** Whether every name has an address, as a pattern gives it one. */
  protected boolean knowsEveryName() {
    return false;
  }

  @AfterEach
  final void closeEverything() throws Exception {
    Collections.reverse(closers);
    for (var closer : closers) {
      closer.close();
    }
    realTime.close();
  }

  final NameResolverComponent open() {
    return open(realTime);
  }

  final NameResolverComponent open(TimeSource time) {
    var component = component();
    closers.add(component);
    component.open(new ComponentContext(
        "contract",
        "",
        "nameresolution",
        time,
        new PlainThreads(),
        Deadline.after(PATIENCE, time)));
    return component;
  }

  final List<PeerAddress> resolve(NameResolverComponent component, String id) {
    return component.resolve(id, "", in(PATIENCE)).addresses();
  }

  final String appId() {
    return appId;
  }

  final void closeLater(AutoCloseable closer) {
    closers.add(closer);
  }

  final Deadline in(Duration duration) {
    return Deadline.after(duration, realTime);
  }

  static void until(ThrowingCallable holds) {
    await().atMost(PATIENCE).untilAsserted(holds::call);
  }

  @Test
  void whatIsThereIsFound() {
    var instance = findable();
    var component = open();
    until(() -> assertThat(component
            .resolve(instance.appId(), instance.namespace(), in(PATIENCE))
            .addresses())
        .contains(instance.address()));
  }

  @Test
  void anUnknownAppHasNoAddresses() {
    assumeTrue(!knowsEveryName(), "this resolver has an address for every name");
    var found = open().resolve(appId, "", in(PATIENCE));
    assertThat(found.addresses()).isEmpty();
    assertThat(found.validFor()).isEqualTo(Duration.ZERO);
  }

  @Test
  void anUnknownAppIsAnsweredByTheDeadline() {
    var component = open();
    long start = System.nanoTime();
    try {
      component.resolve(appId, "", in(SHORT));
    } catch (BuildingBlockException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SHORT.multipliedBy(4));
  }

  @Test
  void everythingMayBeClosedTwice() {
    var component = open();
    var registration =
        component.register(new AppInstance(appId, "", new PeerAddress("192.0.2.2", 40_001), 0));
    registration.close();
    registration.close();
    component.close();
    component.close();
    registration.close();
  }

  @Test
  void oneThatWasNeverOpenedMayBeClosed() {
    component().close();
  }

  @Test
  void nothingIsFoundByOneThatIsClosed() {
    var component = open();
    component.close();
    assertThatThrownBy(() -> resolve(component, appId)).isInstanceOf(IllegalStateException.class);
  }
}
