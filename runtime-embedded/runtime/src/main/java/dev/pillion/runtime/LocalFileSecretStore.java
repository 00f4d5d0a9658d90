// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.pillion.ComponentException;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.secrets.spi.SecretStoreComponent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Dapr's {@code secretstores.local.file}: a JSON file, read when the store opens.
 *
 * <p>Settings: {@code secretsFile} (required), {@code nestedSeparator} (default {@code :}),
 * {@code multiValued} (default false). Single-valued, nested objects and arrays are flattened to
 * one secret per leaf; multi-valued, each top-level object is one secret whose fields are its
 * leaves. Thread-safe once open.
 */
public final class LocalFileSecretStore implements SecretStoreComponent {
  private final Path file;
  private final String separator;
  private final boolean multiValued;
  private volatile Map<String, Map<String, String>> secrets = Map.of();

  LocalFileSecretStore(Path file, String separator, boolean multiValued) {
    this.file = file;
    this.separator = separator;
    this.multiValued = multiValued;
  }

  @Override
  public String type() {
    return "secretstores.local.file";
  }

  @Override
  public void open(ComponentContext context) {
    JsonNode root;
    try {
      root = new JsonMapper().readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      // Its message would quote the file.
      throw ComponentException.failed(
          "the secrets file \"%s\" is not JSON, at line %d"
              .formatted(file, e.getLocation() == null ? 0 : e.getLocation().getLineNr()),
          null);
    } catch (NoSuchFileException e) {
      throw ComponentException.failed("there is no secrets file \"%s\"".formatted(file), e);
    } catch (IOException e) {
      throw ComponentException.failed("the secrets file \"%s\" can't be read".formatted(file), e);
    }
    if (!root.isObject()) {
      throw ComponentException.failed(
          "the secrets file \"%s\" must hold a JSON object".formatted(file), null);
    }
    var read = new LinkedHashMap<String, Map<String, String>>();
    root.properties().forEach(entry -> {
      var leaves = new LinkedHashMap<String, String>();
      boolean nested = entry.getValue().isContainerNode();
      flatten(nested && multiValued ? "" : entry.getKey(), entry.getValue(), leaves);
      if (multiValued) {
        read.put(entry.getKey(), leaves);
      } else {
        leaves.forEach((name, value) -> read.put(name, Map.of(name, value)));
      }
    });
    secrets = Map.copyOf(read);
  }

  private void flatten(String path, JsonNode node, Map<String, String> leaves) {
    if (node.isObject()) {
      node.properties()
          .forEach(field -> flatten(join(path, field.getKey()), field.getValue(), leaves));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        flatten(join(path, String.valueOf(i)), node.get(i), leaves);
      }
    } else {
      leaves.put(path, node.asText());
    }
  }

  private String join(String path, String step) {
    return path.isEmpty() ? step : path + separator + step;
  }

  @Override
  public Map<String, String> secret(String name) {
    return secrets.getOrDefault(name, Map.of());
  }

  @Override
  public void close() {
    secrets = Map.of();
  }

  /** Makes file secret stores from component files. */
  public static final class Provider implements ComponentProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Provider() {}

    @Override
    public String type() {
      return "secretstores.local.file";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      return new LocalFileSecretStore(
          Path.of(metadata.required("secretsFile")),
          metadata.text("nestedSeparator").orElse(":"),
          metadata.truthy("multiValued", false));
    }
  }
}
