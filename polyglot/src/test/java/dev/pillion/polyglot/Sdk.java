// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dapr.client.DaprClient;
import io.dapr.client.DaprClientBuilder;
import io.dapr.config.Properties;
import io.dapr.exceptions.DaprErrorDetails.ErrorDetailType;
import io.dapr.exceptions.DaprException;
import io.dapr.utils.TypeRef;
import reactor.core.publisher.Mono;

/** The SDK's clients, and what a caller sees of a failed call. */
final class Sdk {
  private Sdk() {}

  static DaprClientBuilder builderOn(int port) {
    return new DaprClientBuilder()
        .withPropertyOverride(Properties.GRPC_ENDPOINT, "127.0.0.1:" + port);
  }

  static DaprClient clientOn(int port) {
    return builderOn(port).build();
  }

  static Failure failure(Mono<?> call) {
    var thrown = catchThrowableOfType(DaprException.class, call::block);
    assertThat(thrown).as("the call did not fail").isNotNull();
    return new Failure(thrown);
  }

  record Failure(DaprException thrown) {
    /** Code and message; the SDK puts the one before the other. */
    Failure has(String code, String message) {
      assertThat(thrown.getErrorCode()).as(thrown.getMessage()).isEqualTo(code);
      assertThat(thrown.getMessage()).endsWith(message);
      return this;
    }

    Failure hasReason(String reason) {
      assertThat(detail(ErrorDetailType.ERROR_INFO, "reason")).isEqualTo(reason);
      assertThat(detail(ErrorDetailType.ERROR_INFO, "domain")).isEqualTo("dapr.io");
      return this;
    }

    Failure hasResource(String store) {
      assertThat(detail(ErrorDetailType.RESOURCE_INFO, "resourceType")).isEqualTo("state");
      assertThat(detail(ErrorDetailType.RESOURCE_INFO, "resourceName")).isEqualTo(store);
      return this;
    }

    Failure hasNo(ErrorDetailType type, String field) {
      assertThat(detail(type, field)).isNull();
      return this;
    }

    private String detail(ErrorDetailType type, String field) {
      return thrown.getErrorDetails().get(type, field, TypeRef.STRING);
    }
  }
}
