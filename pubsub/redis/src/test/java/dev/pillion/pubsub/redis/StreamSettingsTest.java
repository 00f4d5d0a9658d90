// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** What the pubsub reads beside the settings of every Redis component. */
class StreamSettingsTest {
  @Test
  void theDefaultsAreDaprs() {
    assertThat(read(Map.of()))
        .isEqualTo(new StreamSettings(
            Duration.ofSeconds(60), Duration.ofSeconds(15), 100, 10, 0, Duration.ZERO));
  }

  @Test
  void wholeNumbersAreMillisecondsAndDurationsAreTakenEverywhere() {
    assertThat(read(Map.of(
            "processingTimeout", "30000",
            "redeliverInterval", "30s",
            "queueDepth", "7",
            "concurrency", "3",
            "maxLenApprox", "1000",
            "streamTTL", "1h")))
        .isEqualTo(new StreamSettings(
            Duration.ofSeconds(30), Duration.ofSeconds(30), 7, 3, 1_000, Duration.ofHours(1)));
  }

  @Test
  void impossibleValuesAreNamedAllAtOnce() {
    assertThat(problems(Map.of(
            "processingTimeout", "-1s",
            "redeliverInterval", "soon",
            "queueDepth", "0",
            "concurrency", "many",
            "maxLenApprox", "-1",
            "streamTTL", "-5")))
        .hasSize(6)
        .anySatisfy(problem -> assertThat(problem).contains("processingTimeout", "negative"))
        .anySatisfy(problem -> assertThat(problem).contains("redeliverInterval", "soon"))
        .anySatisfy(problem -> assertThat(problem).contains("queueDepth", "from 1"))
        .anySatisfy(problem -> assertThat(problem).contains("concurrency", "many"))
        .anySatisfy(problem -> assertThat(problem).contains("maxLenApprox"))
        .anySatisfy(problem -> assertThat(problem).contains("streamTTL"));
    assertThat(problems(Map.of("queueDepht", "5")))
        .singleElement()
        .asString()
        .contains("queueDepht", "queueDepth");
  }

  @Test
  void impossibleValuesInCodeAreRefusedAtTheCall() {
    var bus = RedisPubSub.at("redis://localhost");
    assertThatThrownBy(() -> bus.concurrency(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("concurrency is 0");
    assertThatThrownBy(() -> bus.queueDepth(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bus.maxLenApprox(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bus.streamTtl(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bus.processingTimeout(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bus.redeliverInterval(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> bus.probe(Bus.soon()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not open");
  }

  @Test
  void zeroSwitchesRedeliveryOff() {
    assertThat(StreamSettings.DEFAULTS.redelivers()).isTrue();
    assertThat(StreamSettings.DEFAULTS.withProcessingTimeout(Duration.ZERO).redelivers())
        .isFalse();
    assertThat(StreamSettings.DEFAULTS.withRedeliverInterval(Duration.ZERO).redelivers())
        .isFalse();
  }

  @Test
  void aMessageIsRenewedEveryThirdOfTheTimeoutAndEveryTenSecondsAtMost() {
    assertThat(StreamSettings.DEFAULTS.renewInterval()).isEqualTo(Duration.ofSeconds(10));
    assertThat(
            StreamSettings.DEFAULTS.withProcessingTimeout(Duration.ofSeconds(6)).renewInterval())
        .isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void theProviderIsFoundByDaprsName() {
    var provider = ServiceLoader.load(ComponentProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(found -> found.type().equals("pubsub.redis"))
        .findFirst()
        .orElseThrow();
    var spec = ComponentSpec.of("bus", "pubsub.redis", Map.of("redisHost", "a:1"));
    assertThat(provider.create(spec).type()).isEqualTo("pubsub.redis");
    assertThat(spec.metadata().problems()).isEmpty();
  }

  private static StreamSettings read(Map<String, String> settings) {
    var metadata = ComponentMetadata.of(settings);
    var read = StreamSettings.read(metadata);
    assertThat(metadata.problems()).isEmpty();
    return read;
  }

  private static List<String> problems(Map<String, String> settings) {
    var all = new HashMap<>(settings);
    all.put("redisHost", "a");
    var spec = ComponentSpec.of("bus", "pubsub.redis", all);
    new RedisPubSub.Provider().create(spec);
    return spec.metadata().problems();
  }
}
