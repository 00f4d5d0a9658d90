// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.state.DeleteOptions;
import dev.pillion.state.ReadOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.wire.common.v1.Etag;
import dev.pillion.wire.common.v1.StateItem;
import dev.pillion.wire.common.v1.StateOptions;
import dev.pillion.wire.common.v1.StateOptions.StateConcurrency;
import dev.pillion.wire.common.v1.StateOptions.StateConsistency;
import java.util.Map;

/**
 * Dapr's options of a state request as the API has them. An empty etag is no etag; last-write
 * ignores the etag.
 */
final class StateRequests {
  private static final String CONTENT_TYPE = "contentType";

  private StateRequests() {}

  static ReadOptions read(StateConsistency consistency, Map<String, String> metadata) {
    var options = consistency == StateConsistency.CONSISTENCY_STRONG
        ? ReadOptions.strong()
        : ReadOptions.defaults();
    return options.metadata(metadata);
  }

  static SaveOptions save(StateItem item) {
    var concurrency = item.getOptions().getConcurrency();
    SaveOptions options;
    if (isCondition(item.getEtag(), concurrency)) {
      options = SaveOptions.ifMatch(item.getEtag().getValue());
    } else {
      options = concurrency == StateConcurrency.CONCURRENCY_FIRST_WRITE
          ? SaveOptions.firstWrite()
          : SaveOptions.defaults();
    }
    if (item.getOptions().getConsistency() == StateConsistency.CONSISTENCY_STRONG) {
      options = options.strong();
    }
    return options.metadata(item.getMetadataMap());
  }

  /** The transaction's own content type holds for what has none. */
  static SaveOptions save(StateItem item, Map<String, String> transaction) {
    var options = save(item);
    var contentType = transaction.get(CONTENT_TYPE);
    return contentType == null || item.containsMetadata(CONTENT_TYPE)
        ? options
        : options.contentType(contentType);
  }

  static DeleteOptions delete(Etag etag, StateOptions options, Map<String, String> metadata) {
    var condition = isCondition(etag, options.getConcurrency())
        ? DeleteOptions.ifMatch(etag.getValue())
        : DeleteOptions.defaults();
    return condition.metadata(metadata);
  }

  private static boolean isCondition(Etag etag, StateConcurrency concurrency) {
    return !etag.getValue().isEmpty() && concurrency != StateConcurrency.CONCURRENCY_LAST_WRITE;
  }
}
