// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.pubsub.sqlite.Owners.Owner;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ObservationsTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Observations observations = new Observations(5 * SECOND);
  private long now = -7 * SECOND;

  private static Owner owner(long renewals, long leaseSeconds) {
    return new Owner(7, 1, renewals, leaseSeconds * 1000, null, 1);
  }

  private boolean isGone(Owner owner, int afterSeconds) {
    now += afterSeconds * SECOND;
    return observations.look(List.of(owner), now).contains(owner);
  }

  @Test
  void anOwnerIsGoneWhenItStoodStillForItsLease() {
    assertThat(isGone(owner(3, 15), 0)).isFalse();
    assertThat(isGone(owner(3, 15), 5)).isFalse();
    assertThat(isGone(owner(3, 15), 5)).isFalse();
    assertThat(isGone(owner(3, 15), 5)).isTrue();
  }

  @Test
  void anyRenewalBeginsItAnew() {
    isGone(owner(3, 15), 0);
    isGone(owner(3, 15), 5);
    isGone(owner(3, 15), 5);
    assertThat(isGone(owner(4, 15), 5)).isFalse();
    assertThat(isGone(owner(4, 15), 5)).isFalse();
    assertThat(isGone(owner(4, 15), 5)).isFalse();
    assertThat(isGone(owner(4, 15), 5)).isTrue();
  }

  @Test
  void aGapInOurOwnRenewalsProvesNothing() {
    isGone(owner(3, 15), 0);
    isGone(owner(3, 15), 5);
    assertThat(isGone(owner(3, 15), 60)).isFalse();
    assertThat(isGone(owner(3, 15), 5)).isFalse();
    assertThat(isGone(owner(3, 15), 5)).isFalse();
    assertThat(isGone(owner(3, 15), 5)).isTrue();
  }

  @Test
  void theOwnersOwnLeaseCountsAndItIsSeenThreeTimesAtLeast() {
    isGone(owner(3, 1), 0);
    assertThat(isGone(owner(3, 1), 5)).isFalse();
    assertThat(isGone(owner(3, 1), 5)).isTrue();
    for (int i = 0; i < 12; i++) {
      assertThat(isGone(owner(9, 60), 5)).isFalse();
    }
    assertThat(isGone(owner(9, 60), 5)).isTrue();
  }
}
