// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pillion.BuildingBlockException;
import dev.pillion.Registration;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * What every name resolver does with which instances make themselves known, beyond
 * {@link NameResolverContract}:
 *
 * <pre>{@code
 * class PaperResolverTest extends RegistrationContract {
 *   @Override
 *   protected NameResolverComponent component() { return PaperResolver.at("notice-board"); }
 * }
 * }</pre>
 *
 * <p>App ids are new in every test: the backend may be shared. What a backend can't do, such as
 * forgetting, a subclass need not say: those tests are skipped with the reason.
 */
public abstract class RegistrationContract extends NameResolverContract {
  private static final Duration SOON = Duration.ofSeconds(5);

  /** A backend that can be taken away and given back. */
  protected interface Outage {
    /** From now on nothing can be written to it, or nothing reaches it at all. */
    void begin();

    /** All is well again. */
    void end();
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

  /** The outage of the backend; empty where there is none that a test could make. */
  protected Optional<Outage> outage() {
    return Optional.empty();
  }

  /** How many warnings the component has logged in this test; -1 where nobody counts. */
  protected long warnings() {
    return -1;
  }

  @Override
  protected final AppInstance findable() {
    register(open(), instance(1));
    return instance(1);
  }

  private Registration register(NameResolverComponent component, AppInstance instance) {
    var registration = component.register(instance);
    closeLater(registration);
    return registration;
  }

  private AppInstance instance(int number) {
    return new AppInstance(appId(), "", address(number), 0);
  }

  @Test
  void anInstanceIsFoundByAnother() {
    register(open(), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId())).containsExactly(address(1)));
  }

  @Test
  void anInstanceFindsItself() {
    var component = open();
    register(component, instance(1));
    until(() -> assertThat(resolve(component, appId())).containsExactly(address(1)));
  }

  @Test
  void allReplicasAreFound() {
    for (int number = 1; number <= 3; number++) {
      register(open(), instance(number));
    }
    var other = open();
    until(() -> assertThat(resolve(other, appId()))
        .containsExactlyInAnyOrder(address(1), address(2), address(3)));
  }

  @Test
  void oneAppIsNotTakenForAnother() {
    var component = open();
    register(component, instance(1));
    register(open(), new AppInstance(appId() + "-2", "", address(2), 0));
    until(() -> {
      assertThat(resolve(component, appId())).containsExactly(address(1));
      assertThat(resolve(component, appId() + "-2")).containsExactly(address(2));
    });
  }

  @Test
  void oneThatHasLeftIsNotFound() {
    var one = register(open(), instance(1));
    register(open(), instance(2));
    var other = open();
    until(() -> assertThat(resolve(other, appId())).hasSize(2));
    one.close();
    until(() -> assertThat(resolve(other, appId())).containsExactly(address(2)));
  }

  @Test
  void theLastThatLeavesMakesItsAppUnknown() {
    var one = register(open(), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId())).hasSize(1));
    one.close();
    until(() -> assertThat(resolve(other, appId())).isEmpty());
  }

  @Test
  void closingTheComponentAloneEndsItsRegistration() {
    var component = open();
    register(component, instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId())).hasSize(1));
    component.close();
    until(() -> assertThat(resolve(other, appId())).isEmpty());
  }

  @Test
  void oneThatComesBackIsFoundAgain() {
    register(open(), instance(1)).close();
    var other = open();
    until(() -> assertThat(resolve(other, appId())).isEmpty());
    register(open(), instance(1));
    until(() -> assertThat(resolve(other, appId())).containsExactly(address(1)));
  }

  @Test
  void namespacesAreSeparateWhereTheResolverSaysSo() {
    register(open(), new AppInstance(appId(), "one", address(1), 0));
    var other = open();
    until(() -> assertThat(other.resolve(appId(), "one", in(PATIENCE)).addresses())
        .containsExactly(address(1)));
    assertThat(other.resolve(appId(), "two", in(PATIENCE)).addresses())
        .hasSize(separatesNamespaces() ? 0 : 1);
  }

  @Test
  void oneThatIsSilentForTooLongIsNotFound() {
    // Its clock stands still: it renews nothing.
    register(open(new ManualTime()), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId())).hasSize(1));
    assumeTrue(makeStale(instance(1)), "this backend knows no age");
    until(() -> assertThat(resolve(other, appId())).isEmpty());
  }

  @Test
  void aRegistrationIsRenewed() {
    var time = new ManualTime();
    register(open(time), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId())).hasSize(1));
    assumeTrue(
        makeStale(instance(1)) || forget(instance(1)), "this backend keeps what it was told");
    until(() -> assertThat(resolve(other, appId())).isEmpty());
    time.advance(renewal());
    until(() -> assertThat(resolve(other, appId())).containsExactly(address(1)));
  }

  @Test
  void aRegistrationThatGotLostIsMadeAgain() {
    var time = new ManualTime();
    register(open(time), instance(1));
    var other = open();
    until(() -> assertThat(resolve(other, appId())).hasSize(1));
    assumeTrue(forget(instance(1)), "nothing gets lost in this backend");
    until(() -> assertThat(resolve(other, appId())).isEmpty());
    time.advance(renewal());
    until(() -> assertThat(resolve(other, appId())).containsExactly(address(1)));
  }

  @Test
  void nothingIsRenewedAfterTheRegistrationHasEnded() {
    var time = new ManualTime();
    var component = open(time);
    int before = time.pending();
    register(component, instance(1)).close();
    assertThat(time.pending()).as("tasks of the component alone").isEqualTo(before);
  }

  @Test
  void anOutageShowsInTheProbeAndIsLoggedOnce() {
    assumeTrue(outage().isPresent(), "this resolver has no backend that could be out");
    var outage = outage().get();
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
    until(() -> assertThat(resolve(other, appId())).containsExactly(address(1)));
  }

  @Test
  void manyMayAskAtOnce() throws Exception {
    register(open(), instance(1));
    var other = open();
    var asking = new ArrayList<FutureTask<List<PeerAddress>>>();
    for (int i = 0; i < 16; i++) {
      var task = new FutureTask<>(() -> resolve(other, appId()));
      asking.add(task);
      new PlainThreads().execute("asking", task);
    }
    for (var task : asking) {
      assertThat(task.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).containsExactly(address(1));
    }
  }
}
