// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.BuildingBlockException;
import dev.pillion.Registration;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What every name resolver does, as tests. An author of one writes a subclass and inherits them
 * all, later ones included:
 *
 * <pre>{@code
 * class PaperResolverTest extends NameResolverContract {
 *   @Override
 *   protected NameResolverComponent component() { return PaperResolver.at("notice-board"); }
 * }
 * }</pre>
 *
 * <p>App ids are new in every test: the backend may be shared. What a resolver can't do, such as
 * registering, its subclass says, and those tests are skipped with the reason.
 */
public abstract class NameResolverContract {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(200);
  private static final Duration SOON = Duration.ofSeconds(5);

  private final RealTime realTime = new RealTime();
  private final List<AutoCloseable> closers = new ArrayList<>();
  private final String appId = "app-" + UUID.randomUUID();

  /** A backend that can be taken away and given back. */
  protected interface Outage {
    /** From now on nothing can be written to it, or nothing reaches it at all. */
    void begin();

    /** All is well again. */
    void end();
  }

  /** A new component, not open yet, on the backend that all components of a test share. */
  protected abstract NameResolverComponent component();

  /** Whether instances make themselves known; otherwise {@link #listed} is what is known. */
  protected boolean registers() {
    return true;
  }

  /** What a resolver that does not register knows from its configuration. */
  protected @Nullable AppInstance listed() {
    return null;
  }

  /** Whether every name has an address, as a pattern gives it one. */
  protected boolean knowsEveryName() {
    return false;
  }

  /** Whether an app of one namespace is not found in another. Most of Dapr's find it. */
  protected boolean separatesNamespaces() {
    return false;
  }

  /** Where the instance of that number takes calls. */
  protected PeerAddress address(int number) {
    return new PeerAddress("192.0.2.2", 40_000 + number);
  }

  /**
   * Makes what the backend holds of an instance as old as if that had been silent for too long.
   *
   * @return false where the backend knows no age
   */
  protected boolean makeStale(AppInstance instance) {
    return false;
  }

  /**
   * Removes what the backend holds of an instance behind its back.
   *
   * @return false where that can't be
   */
  protected boolean forget(AppInstance instance) {
    return false;
  }

  /** How much time passes until a resolver has renewed its registration. */
  protected Duration renewal() {
    return Duration.ofSeconds(30);
  }

  /** The outage of the backend; null where there is none that a test could make. */
  protected @Nullable Outage outage() {
    return null;
  }

  /** How many warnings the component has logged in this test; -1 where nobody counts. */
  protected long warnings() {
    return -1;
  }

  @AfterEach
  final void closeEverything() throws Exception {
    Collections.reverse(closers);
    for (var closer : closers) {
      closer.close();
    }
    realTime.close();
  }

  private NameResolverComponent open() {
    return open(realTime);
  }

  private NameResolverComponent open(TimeSource time) {
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

  private Registration register(NameResolverComponent component, AppInstance instance) {
    var registration = component.register(instance);
    closers.add(registration);
    return registration;
  }

  private AppInstance instance(int number) {
    return new AppInstance(appId, "", address(number), 0);
  }

  private List<PeerAddress> resolve(NameResolverComponent component, String id) {
    return component.resolve(id, "", in(PATIENCE)).addresses();
  }

  private Deadline in(Duration duration) {
    return Deadline.after(duration, realTime);
  }

  private static void until(ThrowingCallable holds) {
    await().atMost(PATIENCE).untilAsserted(holds::call);
  }

  private void assumeRegisters() {
    assumeTrue(registers(), "instances do not make themselves known to this resolver");
  }

  @Test
  void anInstanceIsFoundByAnother() {
    assumeRegisters();
    register(open(), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId)).containsExactly(address(1)));
  }

  @Test
  void anInstanceFindsItself() {
    assumeRegisters();
    var component = open();
    register(component, instance(1));
    until(() -> assertThat(resolve(component, appId)).containsExactly(address(1)));
  }

  @Test
  void allReplicasAreFound() {
    assumeRegisters();
    for (int number = 1; number <= 3; number++) {
      register(open(), instance(number));
    }
    var other = open();
    until(() -> assertThat(resolve(other, appId))
        .containsExactlyInAnyOrder(address(1), address(2), address(3)));
  }

  @Test
  void oneAppIsNotTakenForAnother() {
    assumeRegisters();
    var component = open();
    register(component, instance(1));
    register(open(), new AppInstance(appId + "-2", "", address(2), 0));
    until(() -> {
      assertThat(resolve(component, appId)).containsExactly(address(1));
      assertThat(resolve(component, appId + "-2")).containsExactly(address(2));
    });
  }

  @Test
  void whatIsListedIsFoundWithoutRegistering() {
    var listed = listed();
    assumeTrue(listed != null, "this resolver knows what registers");
    var component = open();
    var ignored = component.register(instance(1));
    assertThat(
            component.resolve(listed.appId(), listed.namespace(), in(PATIENCE)).addresses())
        .contains(listed.address());
    ignored.close();
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
  void oneThatHasLeftIsNotFound() {
    assumeRegisters();
    var one = register(open(), instance(1));
    register(open(), instance(2));
    var other = open();
    until(() -> assertThat(resolve(other, appId)).hasSize(2));
    one.close();
    until(() -> assertThat(resolve(other, appId)).containsExactly(address(2)));
  }

  @Test
  void theLastThatLeavesMakesItsAppUnknown() {
    assumeRegisters();
    var one = register(open(), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId)).hasSize(1));
    one.close();
    until(() -> assertThat(resolve(other, appId)).isEmpty());
  }

  @Test
  void closingTheComponentAloneEndsItsRegistration() {
    assumeRegisters();
    var component = open();
    register(component, instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId)).hasSize(1));
    component.close();
    until(() -> assertThat(resolve(other, appId)).isEmpty());
  }

  @Test
  void oneThatComesBackIsFoundAgain() {
    assumeRegisters();
    register(open(), instance(1)).close();
    var other = open();
    until(() -> assertThat(resolve(other, appId)).isEmpty());
    register(open(), instance(1));
    until(() -> assertThat(resolve(other, appId)).containsExactly(address(1)));
  }

  @Test
  void namespacesAreSeparateWhereTheResolverSaysSo() {
    assumeRegisters();
    register(open(), new AppInstance(appId, "one", address(1), 0));
    var other = open();
    until(() -> assertThat(other.resolve(appId, "one", in(PATIENCE)).addresses())
        .containsExactly(address(1)));
    assertThat(other.resolve(appId, "two", in(PATIENCE)).addresses())
        .hasSize(separatesNamespaces() ? 0 : 1);
  }

  @Test
  void oneThatIsSilentForTooLongIsNotFound() {
    assumeRegisters();
    // Its clock stands still: it renews nothing.
    register(open(new ManualTime()), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId)).hasSize(1));
    assumeTrue(makeStale(instance(1)), "this backend knows no age");
    until(() -> assertThat(resolve(other, appId)).isEmpty());
  }

  @Test
  void aRegistrationIsRenewed() {
    assumeRegisters();
    var time = new ManualTime();
    register(open(time), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId)).hasSize(1));
    assumeTrue(
        makeStale(instance(1)) || forget(instance(1)), "this backend keeps what it was told");
    until(() -> assertThat(resolve(other, appId)).isEmpty());
    time.advance(renewal());
    until(() -> assertThat(resolve(other, appId)).containsExactly(address(1)));
  }

  @Test
  void aRegistrationThatGotLostIsMadeAgain() {
    assumeRegisters();
    var time = new ManualTime();
    register(open(time), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId)).hasSize(1));
    assumeTrue(forget(instance(1)), "nothing gets lost in this backend");
    until(() -> assertThat(resolve(other, appId)).isEmpty());
    time.advance(renewal());
    until(() -> assertThat(resolve(other, appId)).containsExactly(address(1)));
  }

  @Test
  void nothingIsRenewedAfterTheRegistrationHasEnded() {
    assumeRegisters();
    var time = new ManualTime();
    var component = open(time);
    int before = time.pending();
    register(component, instance(1)).close();
    assertThat(time.pending()).as("tasks of the component alone").isEqualTo(before);
  }

  @Test
  void anOutageShowsInTheProbeAndIsLoggedOnce() {
    assumeRegisters();
    var outage = outage();
    assumeTrue(outage != null, "this resolver has no backend that could be out");
    var time = new ManualTime();
    var component = open(time);
    register(component, instance(1));
    assertThatCode(() -> component.probe(in(PATIENCE))).doesNotThrowAnyException();
    long before = warnings();
    outage.begin();
    try {
      until(() -> {
        time.advance(renewal());
        assertThatThrownBy(() -> component.probe(in(SOON)))
            .isInstanceOf(BuildingBlockException.class);
      });
      until(() -> {
        time.advance(renewal());
        if (before >= 0) {
          assertThat(warnings()).isEqualTo(before + 1);
        }
      });
      time.advance(renewal());
    } finally {
      outage.end();
    }
    until(() -> {
      time.advance(renewal());
      assertThatCode(() -> component.probe(in(SOON))).doesNotThrowAnyException();
    });
    if (before >= 0) {
      assertThat(warnings()).as("a second outage would be logged again").isEqualTo(before + 1);
    }
    var other = open();
    until(() -> assertThat(resolve(other, appId)).containsExactly(address(1)));
  }

  @Test
  void everythingMayBeClosedTwice() {
    var component = open();
    var registration = register(component, instance(1));
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

  @Test
  void manyMayAskAtOnce() throws Exception {
    assumeRegisters();
    register(open(), instance(1));
    var other = open();
    var asking = new ArrayList<FutureTask<List<PeerAddress>>>();
    for (int i = 0; i < 16; i++) {
      var task = new FutureTask<>(() -> resolve(other, appId));
      asking.add(task);
      new PlainThreads().execute("asking", task);
    }
    for (var task : asking) {
      assertThat(task.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).containsExactly(address(1));
    }
  }
}
