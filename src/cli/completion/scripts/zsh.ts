/**
 * The completion script for zsh. It works both when it is read by `.zshrc` and as a file `_warren` in a
 * directory of `fpath`.
 */
export const ZSH_SCRIPT = String.raw`#compdef warren wrn
# Completion of warren and wrn for zsh.
__warren_complete() {
  local answer text about directive=none program
  local -a typed described
  # One level of quotes is taken off; nothing is expanded or run.
  typed=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
  program=\${commands[\${words[1]:t}]:-\${words[1]}}
  while IFS= read -r answer; do
    if [[ $answer == :* ]]; then
      directive=\${answer#:}
      continue
    fi
    text=\${answer%%$'\t'*}
    about=\${answer#*$'\t'}
    [[ $answer == *$'\t'* ]] || about=
    text=\${text//:/\\:}
    described+=("$text\${about:+:$about}")
  done < <("$program" __complete -- "\${typed[@]}" 2>/dev/null)
  case $directive in
    files) [[ $PREFIX == --*=* ]] && compset -P '*='; _files ;;
    directories) [[ $PREFIX == --*=* ]] && compset -P '*='; _files -/ ;;
    nospace) (( $#described )) && _describe -V 'warren' described -S '' ;;
    *) (( $#described )) && _describe -V 'warren' described ;;
  esac
}
if [[ $funcstack[1] == _warren ]]; then
  __warren_complete "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef __warren_complete warren wrn
fi
`.replaceAll("\\$", "$");
