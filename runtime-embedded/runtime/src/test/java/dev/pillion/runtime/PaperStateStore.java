// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.spi.StateChange;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.state.spi.StoredValue;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A store with settings of every kind, whose values are its settings: reading shows what came in.
 */
final class PaperStateStore implements StateStoreComponent {
  private final Map<String, String> settings;

  private PaperStateStore(ComponentMetadata metadata) {
    metadata.text("value");
    metadata.text("other");
    metadata.text("password");
    metadata.integer("size", 1, 1, 10);
    metadata.duration("timeout", Duration.ofSeconds(1));
    metadata.truthy("shiny", false);
    metadata.unsupported("glitter", "false", "paper is matt");
    settings = metadata.asMap();
  }

  @Override
  public String type() {
    return "state.paper";
  }

  @Override
  public void open(ComponentContext context) {}

  @Override
  public Optional<StoredValue> get(String key, ReadOptions options, Deadline deadline) {
    var name = key.substring(key.lastIndexOf('|') + 1);
    return Optional.ofNullable(settings.get(name))
        .map(text -> new StoredValue(text.getBytes(StandardCharsets.UTF_8), "1", null));
  }

  @Override
  public void apply(StateChange change, Deadline deadline) {
    throw new UnsupportedOperationException("paper is printed");
  }

  @Override
  public void close() {}

  /** One version, an alias, a setting that must be there. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return "state.paper";
    }

    @Override
    public List<String> aliases() {
      return List.of("state.papyrus");
    }

    @Override
    public Component create(ComponentSpec spec) {
      spec.metadata().required("colour", "color");
      return new PaperStateStore(spec.metadata());
    }
  }

  /** Two versions, and a constructor that refuses. */
  public static final class ScrollProvider implements ComponentProvider {
    @Override
    public String type() {
      return "state.scroll";
    }

    @Override
    public List<String> versions() {
      return List.of("v2", "v1");
    }

    @Override
    public Component create(ComponentSpec spec) {
      if (spec.metadata().truthy("torn", false)) {
        throw new IllegalArgumentException("a torn scroll can't be read");
      }
      return new PaperStateStore(spec.metadata());
    }
  }
}
