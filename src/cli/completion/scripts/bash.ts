/**
 * The completion script for bash, from 3.2 on. It needs no other package, evaluates nothing of what was
 * typed, and can be read twice.
 *
 * bash splits words at `=` and `:` as well; the script puts them together again for the program, and takes
 * the part that bash will keep off the answers.
 */
export const BASH_SCRIPT = String.raw`# Completion of warren and wrn for bash.
__warren_complete() {
  local line="\${COMP_LINE:0:COMP_POINT}" rest piece cur at program answer candidate about keep
  local -a words=()
  rest=$line
  for ((at = 0; at <= COMP_CWORD; at++)); do
    piece=\${COMP_WORDS[at]}
    # Pieces without a space between them are one word to the program.
    if [[ $at -eq 0 || $rest == [[:space:]]* ]]; then
      rest="\${rest#"\${rest%%[![:space:]]*}"}"
      words[\${#words[@]}]=
    fi
    [[ $at -lt COMP_CWORD ]] || piece=$rest
    words[\${#words[@]}-1]+=$piece
    rest=\${rest:\${#piece}}
  done
  cur=\${words[\${#words[@]}-1]}
  program=$(type -P "\${1##*/}") || program=$1
  COMPREPLY=()
  # The part that bash keeps: up to the last character at which it splits words.
  keep=
  if [[ $cur == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]]; then keep=\${cur%"\${cur##*[=:]}"}; fi
  while IFS= read -r answer; do
    candidate=\${answer%%$'\t'*}
    case $answer in
      :none) compopt +o default 2>/dev/null ;;
      :nospace) compopt +o default -o nospace 2>/dev/null ;;
      :files) compopt -o default 2>/dev/null ;;
      :directories) compopt -o default -o dirnames 2>/dev/null ;;
      *) COMPREPLY[\${#COMPREPLY[@]}]=\${candidate#"$keep"} ;;
    esac
  done < <("$program" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F __warren_complete warren wrn
`.replaceAll("\\$", "$");
